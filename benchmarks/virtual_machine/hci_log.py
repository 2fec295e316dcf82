"""The kernel's HCI traffic as btmon wrote it: when it scanned, found, connected, and what ECG came."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FILE_HEADER = struct.Struct(">8sII")
_RECORD = struct.Struct(">IIIIq")  # original length, length here, opcode, dropped, microseconds
_MAGIC, _MONITOR = b"btsnoop\0", 2001
_COMMAND, _EVENT, _ACL_RECEIVED = 2, 3, 5
_SCAN_ON = bytes([0x0C, 0x20, 2, 1])  # LE Set Scan Enable, two parameters, on
_LE_META, _DISCONNECTED = 0x3E, 0x05
_CONNECTED, _ADVERTISED, _CONNECTED_ENHANCED = 0x01, 0x02, 0x0A
_FIRST_FRAGMENT, _ATT, _NOTIFICATION = 2, 4, 0x1B
_ECG_FRAME_BYTES = 229
_OPENING_BYTES = 4 + 4 + 1  # of ACL, of L2CAP, and the ATT opcode


@dataclass(slots=True)
class Session:
    """From the first scan to the disconnection; moments in seconds, of the kernel's clock."""

    scanned_s: float
    found_s: float | None = None
    connected_s: float | None = None
    first_ecg_s: float | None = None
    n_ecg_frames: int = 0

    def after_s(self, moment_s: float | None) -> str:
        """How long after the scan began, as text."""
        return "never" if moment_s is None else f"{moment_s - self.scanned_s:.2f} s"


def sessions(path: Path, name: str) -> list[Session]:
    """Sessions with the device of this name, in order.

    Raises:
        ValueError: no trace of btmon.
    """
    found: list[Session] = []
    for kind, at_s, packet in _records(path):
        if kind == _COMMAND and packet[:4] == _SCAN_ON and (not found or found[-1].connected_s):
            found.append(Session(at_s))
        elif found and kind == _EVENT:
            _event(found[-1], at_s, packet, name.encode())
        elif found and kind == _ACL_RECEIVED and _is_ecg(packet):
            found[-1].n_ecg_frames += 1
            found[-1].first_ecg_s = found[-1].first_ecg_s or at_s
    return found


def _event(session: Session, at_s: float, packet: bytes, name: bytes) -> None:
    code, subevent = packet[0], packet[2]
    if code != _LE_META:
        return
    if subevent == _ADVERTISED and name in packet:
        session.found_s = session.found_s or at_s
    elif subevent in {_CONNECTED, _CONNECTED_ENHANCED} and packet[3] == 0:
        session.connected_s = session.connected_s or at_s


def _is_ecg(packet: bytes) -> bool:
    """Whether a notification as long as a whole frame begins here."""
    if len(packet) < _OPENING_BYTES:
        return False
    handle, _, n_bytes, channel, opcode = struct.unpack_from("<HHHHB", packet)
    is_first = handle >> 12 & 3 == _FIRST_FRAGMENT
    return is_first and (channel, opcode, n_bytes) == (_ATT, _NOTIFICATION, _ECG_FRAME_BYTES + 3)


def _records(path: Path) -> Iterator[tuple[int, float, bytes]]:
    """Kind, moment and bytes of each packet; a last one that is cut short is left out."""
    log = path.read_bytes()
    magic, _, link = _FILE_HEADER.unpack_from(log) if len(log) >= _FILE_HEADER.size else (b"", 0, 0)
    if (magic, link) != (_MAGIC, _MONITOR):
        raise ValueError(f"{path}: no trace of btmon")
    place = _FILE_HEADER.size
    while place + _RECORD.size <= len(log):
        _, n_bytes, opcode, _, at_us = _RECORD.unpack_from(log, place)
        place += _RECORD.size
        if place + n_bytes <= len(log):
            yield opcode & 0xFFFF, at_us / 1e6, log[place : place + n_bytes]
        place += n_bytes
