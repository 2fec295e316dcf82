"""The newest events that the hub has confirmed, in a file that never grows: a full disk takes this, too.

What was sent from memory while the disk was full, or from an outbox whose newest pages were damaged later,
may follow again from other samples than before: with the same id, and perhaps not the same content. What the
hub has is not sent to it again.

A slot of 24 bytes, little endian: number (uint32, from 1 on), id (16 bytes), CRC-32 of both. Slots are put
over each other in turn, not synced: a killed edge forgets nothing, a loss of power some seconds.
"""

import logging
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from edge.atomic_file import write_atomically

N_SLOTS: Final = 4096
_CHECKED: Final = struct.Struct("<I16s")
_SLOT_BYTES: Final = _CHECKED.size + 4

_LOG = logging.getLogger(__name__)


class ReceiptRing:
    """Remembers in memory alone where its file cannot be made or written."""

    def __init__(self, path: Path) -> None:
        self._slots: dict[int, UUID] = {}
        self._next = 1
        self._file: int | None = None
        try:
            if not path.exists() or path.stat().st_size != N_SLOTS * _SLOT_BYTES:
                write_atomically(path, bytes(N_SLOTS * _SLOT_BYTES))
            self._read(path.read_bytes())
            self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            _LOG.warning("%s: %s", path, error)
        self._ids = set(self._slots.values())

    def __contains__(self, event_id: UUID) -> bool:
        return event_id in self._ids

    def add(self, event_ids: Iterable[UUID]) -> None:
        """The hub has these."""
        for event_id in event_ids:
            if event_id not in self._ids:
                self._put(event_id)

    def close(self) -> None:
        """Nothing will be added any more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _put(self, event_id: UUID) -> None:
        number, self._next = self._next, self._next + 1
        slot = number % N_SLOTS
        self._ids.discard(self._slots.get(slot, event_id))
        self._ids.add(event_id)
        self._slots[slot] = event_id
        checked = _CHECKED.pack(number, event_id.bytes)
        if self._file is not None:
            try:
                os.pwrite(self._file, checked + zlib.crc32(checked).to_bytes(4, "little"), slot * _SLOT_BYTES)
            except OSError as error:
                _LOG.debug("receipts: %s", error)

    def _read(self, content: bytes) -> None:
        for slot in range(N_SLOTS):
            row = content[slot * _SLOT_BYTES : (slot + 1) * _SLOT_BYTES]
            checked = row[: _CHECKED.size]
            number, event_id = _CHECKED.unpack(checked)
            if number and zlib.crc32(checked) == int.from_bytes(row[_CHECKED.size :], "little"):
                self._slots[slot] = UUID(bytes=event_id)
                self._next = max(self._next, number + 1)
