"""Opens recorded ECG: WFDB records, EDF/EDF+, BDF, Apple Health's and other csv files."""

from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.recording import Recording, RecordingBlock, RecordingError
from firmware_bridge.recordings_text import TableFormat

__all__ = ["Recording", "RecordingBlock", "RecordingError", "TableFormat", "open_recording"]

_TEXT = {".csv", ".tsv", ".txt"}
_LOWEST_HZ, _HIGHEST_HZ = 40, 20_000


def open_recording(
    path: str | Path, signals: Sequence[int] | None = None, table: TableFormat | None = None
) -> Recording:
    """Open a recording and check it against its header; samples are read later, block by block.

    Args:
        path: a WFDB record with or without extension; or an `.edf`, `.bdf`, `.csv`, `.tsv` or `.txt` file.
        signals: numbers of the signals to read, from 0; none given: those named ECG, or else all.
        table: rate and unit of a csv file that does not say them.

    Raises:
        RecordingError: missing, damaged or cut short, no such signal, unit not a voltage, mixed rates, or
            a rate that no ECG has.
    """
    path = Path(path).expanduser()
    recording = _opened(path, signals, table)
    if not _LOWEST_HZ <= recording.fs_hz <= _HIGHEST_HZ:
        raise RecordingError(
            f"{path}: {recording.fs_hz:g} samples a second; an ECG has {_LOWEST_HZ} to {_HIGHEST_HZ}"
        )
    return recording


def _opened(path: Path, signals: Sequence[int] | None, table: TableFormat | None) -> Recording:
    kind = path.suffix.lower()
    if kind in {".edf", ".bdf"}:
        from firmware_bridge.recordings_edf import open_edf

        return open_edf(path, signals)
    if kind in _TEXT:
        from firmware_bridge.recordings_text import open_text

        return open_text(path, signals, table or TableFormat())
    from firmware_bridge.recordings_wfdb import open_wfdb

    record = path.with_suffix("") if path.suffix in {".hea", ".dat", ".mat"} else path
    return open_wfdb(record, signals)
