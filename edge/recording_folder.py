"""Recordings on disk: which one is open, and how one that a crash interrupted is taken up again."""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID, uuid4

from edge.atomic_file import write_atomically
from edge.errors import UserError
from firmware_bridge.device import Device

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingFolder:
    """One recording: `folder` holds `recording.json` and the recorder's segments."""

    recording_id: UUID
    folder: Path
    uri: str
    fs_hz: float
    leads: tuple[str, ...]

    @property
    def is_ended(self) -> bool:
        """All of it is recorded; its last events may still be on their way."""
        return (self.folder / "ended").exists()

    @property
    def goes_on(self) -> bool:
        """It is being made, or an edge that was killed was making it."""
        return (self.folder / "open").exists() and not self.is_ended

    def end(self) -> None:
        """Nothing will be recorded any more."""
        (self.folder / "ended").touch()

    def finish(self) -> None:
        """The hub has all that was told of it: there is nothing to take up again."""
        for marker in ("open", "ended"):
            (self.folder / marker).unlink(missing_ok=True)

    def is_from(self, uri: str, device: Device) -> bool:
        """True where a device could continue this recording."""
        return (self.uri, self.fs_hz, self.leads) == (uri, device.fs_hz, device.leads)


def new_recording(root: Path, uri: str, device: Device) -> RecordingFolder:
    """Begin a recording; it stays marked as open until `finish`. Raises `UserError` where it cannot."""
    recording_id = uuid4()
    folder = root / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{recording_id.hex[:8]}"
    recording = RecordingFolder(recording_id, folder, uri, device.fs_hz, device.leads)
    described = {**asdict(recording), "recording_id": str(recording_id), "folder": folder.name}
    try:
        folder.mkdir(parents=True)
        write_atomically(folder / "recording.json", json.dumps(described, indent=2).encode())
        (folder / "open").touch()
    except OSError as error:
        raise UserError(f"{folder}: storage.folder: {error.strerror}") from error
    return recording


def open_recordings(root: Path) -> list[RecordingFolder]:
    """Recordings that were not finished, oldest first: their edge was killed."""
    return list(_readable(sorted(root.glob("*/open"))))


def recordings(root: Path) -> list[RecordingFolder]:
    """All recordings, newest first."""
    return list(_readable(sorted(root.glob("*/recording.json"), reverse=True)))


def _readable(files: list[Path]) -> Iterator[RecordingFolder]:
    """Those whose description can be read; one that is damaged costs no other."""
    for file in files:
        try:
            yield _read(file.parent)
        except (OSError, ValueError, KeyError) as error:
            _LOG.error("%s: recording.json cannot be read: %s", file.parent, error)


def _read(folder: Path) -> RecordingFolder:
    described = json.loads((folder / "recording.json").read_text())
    return RecordingFolder(
        UUID(described["recording_id"]),
        folder,
        described["uri"],
        described["fs_hz"],
        tuple(described["leads"]),
    )
