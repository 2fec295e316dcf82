"""Where the recordings are, what is measured on them, and where detections are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.encoder import Encoder
from edge.errors import UserError
from firmware_bridge.recording import RecordingError

FOR_USER = (UserError, RecordingError)
"""Errors that carry a message for a person; a task that meets one is not measured."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every task needs; `peers_python` None: no peers, `only_records`: of those that a task has."""

    data: Path
    bundle: Path
    work: Path
    peers_python: Path | None
    only_records: Sequence[str] | None = None

    def encoder(self) -> Encoder:
        """The models of the bundle; raises UserError where it does not load."""
        return Encoder(self.bundle)

    def database(self, name: str) -> Path:
        """The folder of a database; raises UserError where it is missing."""
        folder = self.data / name
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder, see docs/training.md")
        return folder

    def chosen(self, records: Sequence[str]) -> list[str]:
        """The records to measure, in order."""
        return [name for name in sorted(records) if not self.only_records or name in self.only_records]
