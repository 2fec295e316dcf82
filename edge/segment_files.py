"""The files of a recording's segments, and how they are read: as they were written, or compressed.

A segment is `NNNNNN.hea` (a WFDB header) with `.dat` (format 16) and `.blocks` while it is written, and with
`.flac` (format 516) and `.blocks.z` once it is compressed. Where both forms are there, the first counts: the
second is then not known to be whole.
"""

import logging
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from edge.block_journal import Entry, entries, unpacked
from edge.stream import NS_PER_S, PlacedBlock

SAMPLES, JOURNAL, HEADER = ".dat", ".blocks", ".hea"
FLAC, PACKED_JOURNAL = ".flac", ".blocks.z"
SUFFIXES = (JOURNAL, PACKED_JOURNAL, HEADER, FLAC, SAMPLES)
_CHUNK = 4096

_LOG = logging.getLogger(__name__)

OnDamage = Callable[[int], object]


def _ignore(_n_samples: int) -> None:
    pass


def segments(folder: Path) -> list[Path]:
    """The segments of a recording in order, each as its path without suffix."""
    names = {path.name.split(".")[0] for path in folder.glob(f"*{JOURNAL}*")}
    return [folder / name for name in sorted(names) if name.isdecimal()]


def last_block(folder: Path, n_leads: int) -> PlacedBlock | None:
    """The newest block on disk; `None` where there is none."""
    for stem in reversed(segments(folder)):
        blocks = list(blocks_of(stem, n_leads))
        if blocks:
            return blocks[-1]
    return None


def read_blocks(
    folder: Path, n_leads: int, from_index: int = 0, on_damage: OnDamage = _ignore
) -> Iterator[PlacedBlock]:
    """Recorded blocks in order, from the one that begins at `from_index` on.

    Damaged ones are left out; `on_damage` is given the number of samples of each.
    """
    for stem in segments(folder):
        known = journal_of(stem)
        if known and known[-1].stop_index > from_index:
            found = blocks_of(stem, n_leads, from_index, on_damage)
            yield from (block for block in found if block.first_index >= from_index)


def recorded_ns(folder: Path, fs_hz: float) -> list[tuple[int, int, Path]]:
    """Start and end (UTC in ns) of each segment that holds a block, and its path without suffix, in order."""
    spans = []
    for stem in segments(folder):
        known = journal_of(stem)
        if known:
            end_ns = known[-1].start_ns + round(known[-1].n_samples * NS_PER_S / fs_hz)
            spans.append((known[0].start_ns, end_ns, stem))
    return spans


def read_between(folder: Path, fs_hz: float, n_leads: int, from_ns: int, to_ns: int) -> Iterator[PlacedBlock]:
    """The blocks of which any part lies between two times."""
    for start_ns, end_ns, stem in recorded_ns(folder, fs_hz):
        if start_ns < to_ns and end_ns > from_ns:
            for block in blocks_of(stem, n_leads):
                if block.start_ns < to_ns and block.start_ns + len(block.ecg_uv) * NS_PER_S / fs_hz > from_ns:
                    yield block


def blocks_of(
    stem: Path, n_leads: int, from_index: int = 0, on_damage: OnDamage = _ignore
) -> Iterator[PlacedBlock]:
    """The blocks of one segment; one whose checksum does not fit costs no other."""
    known = journal_of(stem)
    samples, offset = samples_of(stem, n_leads), 0
    for entry in known:
        raw = samples[offset : offset + 2 * entry.n_samples * n_leads]
        offset += 2 * entry.n_samples * n_leads
        if entry.fits(raw):
            ecg_uv = np.frombuffer(raw, "<i2").reshape(-1, n_leads).astype(np.int32)
            yield PlacedBlock(entry.first_index, entry.start_ns, ecg_uv)
        elif entry.first_index >= from_index:
            on_damage(entry.n_samples)


def journal_of(stem: Path) -> list[Entry]:
    """The journal of a segment; nothing where the segment has been removed, or its journal is damaged."""
    try:
        return list(entries(stem.with_suffix(JOURNAL).read_bytes()))
    except FileNotFoundError:
        pass
    try:
        return list(entries(unpacked(stem.with_suffix(PACKED_JOURNAL).read_bytes())))
    except FileNotFoundError:
        return []
    except (zlib.error, ValueError) as error:
        _LOG.error("%s%s: damaged: %s", stem, PACKED_JOURNAL, error)
        return []


def samples_of(stem: Path, n_leads: int) -> bytes:
    """The samples as format 16 has them; zeros where they cannot be decoded, nothing where they are gone."""
    try:
        return stem.with_suffix(SAMPLES).read_bytes()
    except FileNotFoundError:
        pass
    try:
        return decoded(stem.with_suffix(FLAC), n_leads)
    except FileNotFoundError:
        return b""


def decoded(path: Path, n_leads: int) -> bytes:
    """A FLAC stream of 16 bits as format 16 has it; what is damaged in it is zero."""
    with path.open("rb") as file:
        try:
            n_samples = soundfile.info(file).frames
        except soundfile.LibsndfileError as error:
            _LOG.error("%s: not a FLAC stream: %s", path, error)
            return b""
    samples, first = np.zeros((n_samples, n_leads), np.int16), 0
    while first < n_samples:
        first = _decode_from(path, samples, first)
    return samples.astype("<i2").tobytes()


def _decode_from(path: Path, samples: npt.NDArray[np.int16], first: int) -> int:
    """Decode up to the end, or up to the next damage; gives where to go on: the stream cannot beyond it."""
    with path.open("rb") as file, soundfile.SoundFile(file) as stream:
        try:
            stream.seek(first)
            while first < len(samples):
                stream.read(out=samples[first : first + _CHUNK])
                first += _CHUNK
        except soundfile.LibsndfileError as error:
            _LOG.error("%s: samples from %d on are damaged: %s", path, first, error)
            return first + _CHUNK
    return first
