"""Compresses finished segments without loss: samples as FLAC in WFDB (format 516), the journal by zlib.

Each step can be the last one before a crash: what is new is on the disk, read back and compared before what
it replaces goes, and a segment that is half way is compressed again from the start.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from edge.atomic_file import part_of, put_in_place, sync_file, sync_folder, write_atomically
from edge.block_journal import entries, packed, unpacked
from edge.open_segment import remove_segment
from edge.segment_check import n_in_header
from edge.segment_files import FLAC, HEADER, JOURNAL, PACKED_JOURNAL, SAMPLES, decoded, journal_of

WFDB_FORMAT = 516
_STREAM_HZ = 96_000  # says nothing: the rate of a record is in its header, as in wfdb's own files
_CHUNK = 65_536


def is_raw(stem: Path) -> bool:
    """Whether any file of the segment is as it was written."""
    return stem.with_suffix(SAMPLES).exists() or stem.with_suffix(JOURNAL).exists()


def compress(stem: Path) -> None:
    """Compress a finished segment; what a crash left at its end, beyond the journal, goes.

    Raises `OSError`, or `ValueError` where header or journal are damaged; the segment is then as it was.
    """
    known = sum(entry.n_samples for entry in journal_of(stem))
    if stem.with_suffix(JOURNAL).exists() and known < (n_in_header(stem) or 0):
        raise ValueError("its journal is damaged")
    if not known:
        remove_segment(stem)
        return
    if stem.with_suffix(SAMPLES).exists():
        _compress_samples(stem)
    if stem.with_suffix(JOURNAL).exists():
        _compress_journal(stem)


def _compress_samples(stem: Path) -> None:
    raw, flac = stem.with_suffix(SAMPLES), stem.with_suffix(FLAC)
    lines = stem.with_suffix(HEADER).read_text().splitlines()
    n_leads = int(lines[0].split()[1])
    samples = _journaled(stem, n_leads)
    _write_flac(part_of(flac), np.frombuffer(samples, "<i2").reshape(-1, n_leads))
    if decoded(part_of(flac), n_leads) != samples:
        raise OSError(f"{flac.name} does not read back as it was written")
    sync_file(part_of(flac))
    put_in_place(part_of(flac), flac)
    n_samples = len(samples) // (2 * n_leads)
    write_atomically(stem.with_suffix(HEADER), _header(lines, flac.name, n_samples).encode())
    raw.unlink()
    sync_folder(stem.parent)


def _journaled(stem: Path, n_leads: int) -> bytes:
    """The samples that the journal knows of."""
    samples = stem.with_suffix(SAMPLES).read_bytes()
    n_bytes = sum(entry.n_samples for entry in journal_of(stem)) * 2 * n_leads
    whole = len(samples) - len(samples) % (2 * n_leads)
    return samples[: min(n_bytes, whole)]


def _write_flac(path: Path, samples: npt.NDArray[np.int16]) -> None:
    settings = {"samplerate": _STREAM_HZ, "channels": samples.shape[1], "subtype": "PCM_16", "format": "FLAC"}
    try:
        with soundfile.SoundFile(path, "w", **settings, compression_level=1.0) as stream:
            for first in range(0, len(samples), _CHUNK):
                stream.write(np.ascontiguousarray(samples[first : first + _CHUNK]))
    except soundfile.LibsndfileError as error:
        path.unlink(missing_ok=True)
        raise OSError(f"{path.name} cannot be written: {error}") from error


def _header(lines: list[str], name: str, n_samples: int) -> str:
    record = lines[0].split()
    record[3] = str(n_samples)
    signals = [" ".join([name, str(WFDB_FORMAT), *line.split(" ")[2:]]) for line in lines[1:]]
    return "\n".join([" ".join(record), *signals]) + "\n"


def _compress_journal(stem: Path) -> None:
    journal = stem.with_suffix(JOURNAL)
    content = journal.read_bytes()
    whole = b"".join(entry.content for entry in entries(content))
    small = packed(whole)
    if unpacked(small) != whole:
        raise OSError(f"{journal.name} does not read back as it was packed")
    write_atomically(stem.with_suffix(PACKED_JOURNAL), small)
    journal.unlink()
    sync_folder(stem.parent)
