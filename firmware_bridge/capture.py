"""Raw capture files: every notification or chunk of bytes with its channel and time of arrival.

A file is a row of entries, each `HCAP`, u32 length of the rest before the CRC, u64 ns since 1970, u8 length
of the channel, channel, payload, u32 CRC-32 of all after `HCAP`; little-endian. Damage costs only the
entries it touches.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_MAGIC = b"HCAP"
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<QB")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they arrived."""

    host_time_ns: int
    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class DamagedBytes:
    """Bytes of a capture file that are no whole entry."""

    n_bytes: int


def chunk_bytes(chunk: Chunk) -> bytes:
    """One entry of a capture file."""
    channel = chunk.channel.encode()
    body = _HEAD.pack(chunk.host_time_ns, len(channel)) + channel + chunk.payload
    checked = _LENGTH.pack(len(body)) + body
    return _MAGIC + checked + _LENGTH.pack(zlib.crc32(checked))


class CaptureWriter:
    """Appends to a file; each entry is handed to the system at once."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab", buffering=0)

    def write(self, chunk: Chunk) -> None:
        """Append one entry.

        Raises:
            OSError: the disk is full or gone.
        """
        self._file.write(chunk_bytes(chunk))

    def sync(self) -> None:
        """Wait until the disk has it; raises `OSError` as `write` does."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Nothing will be added any more."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_capture(path: Path) -> Iterator[Chunk | DamagedBytes]:
    """All entries in order, and how many bytes between and after them are damaged.

    Raises:
        OSError: the file cannot be read.
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        yield from _entries(held)


def _entries(held: mmap.mmap) -> Iterator[Chunk | DamagedBytes]:
    intact, at = 0, held.find(_MAGIC)
    while at >= 0:
        end = _entry_end(held, at)
        if end is None:
            at = held.find(_MAGIC, at + 1)
            continue
        if at > intact:
            yield DamagedBytes(at - intact)
        yield _chunk(held[at + len(_MAGIC) + _LENGTH.size : end - _LENGTH.size])
        intact, at = end, held.find(_MAGIC, end)
    if len(held) > intact:
        yield DamagedBytes(len(held) - intact)


def _entry_end(held: mmap.mmap, at: int) -> int | None:
    """Where the entry that begins at `at` ends; `None` if it is damaged."""
    start = at + len(_MAGIC)
    if start + _LENGTH.size > len(held):
        return None
    body_end = start + _LENGTH.size + int(_LENGTH.unpack_from(held, start)[0])
    if body_end + _LENGTH.size > len(held) or body_end < start + _LENGTH.size + _HEAD.size:
        return None
    (crc,) = _LENGTH.unpack_from(held, body_end)
    return body_end + _LENGTH.size if zlib.crc32(held[start:body_end]) == crc else None


def _chunk(body: bytes) -> Chunk:
    host_time_ns, length = _HEAD.unpack_from(body)
    start = _HEAD.size + length
    return Chunk(host_time_ns, body[_HEAD.size : start].decode(errors="replace"), body[start:])
