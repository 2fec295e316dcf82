"""The journal of a segment: for each block its place, its time, its length and a checksum over all of it.

An entry is 24 bytes, little endian: first index (int64), start in UTC ns (int64), samples (uint32), CRC-32
(uint32). The checksum covers the first 20 bytes of the entry, then the samples; segments of older versions
have it over the samples alone, and are read too.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.stream import PlacedBlock

ENTRY = np.dtype([("first_index", "<i8"), ("start_ns", "<i8"), ("n_samples", "<u4"), ("crc", "<u4")])
_CHECKED = ENTRY.itemsize - 4


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a block belongs; `content` is the entry as it is on disk."""

    first_index: int
    start_ns: int
    n_samples: int
    content: bytes

    @property
    def stop_index(self) -> int:
        """Index after the last sample."""
        return self.first_index + self.n_samples

    def fits(self, samples: bytes) -> bool:
        """Whether these are the samples that were written with it."""
        told = int.from_bytes(self.content[_CHECKED:], "little")
        checksums = zlib.crc32(samples, zlib.crc32(self.content[:_CHECKED])), zlib.crc32(samples)
        return bool(samples) and told in checksums


def entry_of(block: PlacedBlock, samples: bytes) -> bytes:
    """The entry of a block whose samples are these bytes on disk."""
    row = np.array((block.first_index, block.start_ns, len(block.ecg_uv), 0), ENTRY).tobytes()[:_CHECKED]
    return row + zlib.crc32(samples, zlib.crc32(row)).to_bytes(4, "little")


def entries(journal: bytes) -> Iterator[Entry]:
    """All whole entries; a torn one at the end is left out."""
    for at in range(0, len(journal) - ENTRY.itemsize + 1, ENTRY.itemsize):
        content = journal[at : at + ENTRY.itemsize]
        row = np.frombuffer(content, ENTRY)[0]
        yield Entry(int(row["first_index"]), int(row["start_ns"]), int(row["n_samples"]), content)


def packed(journal: bytes) -> bytes:
    """The same, smaller: what changes from entry to entry, column by column, through zlib."""
    rows = np.frombuffer(journal, ENTRY)
    columns = (
        np.diff(rows["first_index"], prepend=0),
        np.diff(np.diff(rows["start_ns"], prepend=0), prepend=0),
        rows["n_samples"],
        rows["crc"],
    )
    return zlib.compress(b"".join(column.tobytes() for column in columns), 9)


def unpacked(content: bytes) -> bytes:
    """What was packed; raises `zlib.error` or `ValueError` where it is damaged."""
    raw = zlib.decompress(content)
    rows = np.empty(len(raw) // ENTRY.itemsize, ENTRY)
    n = len(rows)
    rows["first_index"] = np.cumsum(np.frombuffer(raw, "<i8", n))
    rows["start_ns"] = np.cumsum(np.cumsum(np.frombuffer(raw, "<i8", n, 8 * n)))
    rows["n_samples"] = np.frombuffer(raw, "<u4", n, 16 * n)
    rows["crc"] = np.frombuffer(raw, "<u4", n, 20 * n)
    return rows.tobytes()
