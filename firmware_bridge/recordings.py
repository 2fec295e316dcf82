"""Opens recorded ECG: WFDB records (`PATH`, `PATH.hea`, `PATH.dat`) and EDF/EDF+ files (`PATH.edf`)."""

from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.recording import Recording, RecordingBlock, RecordingError

__all__ = ["Recording", "RecordingBlock", "RecordingError", "open_recording"]


def open_recording(path: str | Path, signals: Sequence[int] | None = None) -> Recording:
    """Open a recording and check it against its header; samples are read later, block by block.

    Args:
        path: a WFDB record with or without extension, or an EDF/EDF+ file.
        signals: numbers of the signals to read, from 0; none given: those named ECG, or else all.

    Raises:
        RecordingError: missing, damaged or cut short, no such signal, unit not a voltage, mixed rates.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() == ".edf":
        from firmware_bridge.recordings_edf import open_edf

        return open_edf(path, signals)
    if path.suffix.lower() == ".bdf":
        raise RecordingError(f"{path}: BDF is not read; convert it to EDF+ or WFDB")
    from firmware_bridge.recordings_wfdb import open_wfdb

    record = path.with_suffix("") if path.suffix in {".hea", ".dat", ".mat"} else path
    return open_wfdb(record, signals)
