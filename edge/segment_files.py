"""The files of a recording's segments, and how they are read: as they were written, or compressed.

A segment is `NNNNNN.hea` (a WFDB header) with `.dat` (format 16) and `.blocks` while it is written, and with
`.flac` (format 516) and `.blocks.z` once it is compressed. Where both forms are there, the first counts: the
second is then not known to be whole. A segment of intervals is `NNNNNN.hcap` alone.
"""

import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from edge.block_journal import Entry, entries, unpacked
from edge.stream import NS_PER_S, PlacedBlock

SAMPLES, JOURNAL, HEADER = ".dat", ".blocks", ".hea"
FLAC, PACKED_JOURNAL = ".flac", ".blocks.z"
INTERVALS = ".hcap"
SUFFIXES = (HEADER, JOURNAL, PACKED_JOURNAL, FLAC, SAMPLES, INTERVALS)
_CHUNK = 4096
_MOST_A_BYTE = 1024  # samples; FLAC makes about 300 of silence

_LOG = logging.getLogger(__name__)


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


def read_blocks(folder: Path, n_leads: int, from_index: int = 0) -> Iterator[PlacedBlock]:
    """Recorded blocks in order, from the one that begins at `from_index` on; damaged ones are left out."""
    for stem in segments(folder):
        if any(entry.stop_index > from_index for entry in journal_of(stem)):
            yield from (block for block in blocks_of(stem, n_leads) if block.first_index >= from_index)


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


def blocks_of(stem: Path, n_leads: int) -> Iterator[PlacedBlock]:
    """The blocks of one segment; one whose checksum does not fit costs no other."""
    for found in found_of(journal_of(stem), samples_of(stem, n_leads), 2 * n_leads):
        ecg_uv = np.frombuffer(found.raw, "<i2").reshape(-1, n_leads).astype(np.int32)
        yield PlacedBlock(found.entry.first_index, found.entry.start_ns, ecg_uv)


@dataclass(frozen=True, slots=True)
class Found:
    """A block that fits its checksum: its samples as they are on disk, from sample `at` of the segment on."""

    entry: Entry
    at: int
    raw: bytes


def found_of(known: list[Entry], samples: bytes, n_bytes_each: int) -> Iterator[Found]:
    """The blocks that fit; a damaged entry may be wrong about where it begins, or about where it ends."""
    next_at, first_index = 0, known[0].first_index if known else 0
    for entry in known:
        places = (next_at, max(0, entry.first_index - first_index))
        next_at += entry.n_samples
        for at in places:
            raw = samples[n_bytes_each * at : n_bytes_each * (at + entry.n_samples)]
            if entry.fits(raw):
                next_at, first_index = at + entry.n_samples, entry.first_index - at
                yield Found(entry, at, raw)
                break


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
            described = soundfile.info(file)
        except soundfile.LibsndfileError as error:
            _LOG.error("%s: not a FLAC stream: %s", path, error)
            return b""
    if described.channels != n_leads or described.frames > _MOST_A_BYTE * path.stat().st_size:
        _LOG.error("%s: its description is damaged", path)
        return b""
    samples, first = np.zeros((described.frames, n_leads), np.int16), 0
    while first < len(samples):
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
