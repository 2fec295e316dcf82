"""EDF, EDF+ and BDF files through the `edfio` package; EDF is mapped into memory, BDF is loaded."""

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import edfio
import numpy as np
import numpy.typing as npt

from firmware_bridge.recording import Recording, RecordingError, chosen_signals, one_rate, uv_per_unit

_READ_ERRORS = (ValueError, LookupError, TypeError, ArithmeticError, OSError, Warning)


def open_edf(path: Path, signals: Sequence[int] | None) -> Recording:
    """Open one file.

    Raises:
        RecordingError: see `open_recording`; also for a discontinuous file (EDF+D).
    """
    edf = _read(path)
    chosen = [edf.signals[i] for i in chosen_signals(path, edf.labels, signals)]
    leads = tuple(signal.label for signal in chosen)
    fs_hz = one_rate(path, leads, [signal.sampling_frequency for signal in chosen])
    scale_uv = np.array([uv_per_unit(path, s.label, s.physical_dimension) for s in chosen])
    return Recording(
        name=path.stem,
        fs_hz=fs_hz,
        leads=leads,
        n_samples=edf.num_data_records * chosen[0].samples_per_data_record,
        base_time_utc=_base_time_utc(edf),
        read_uv=partial(_read_uv, chosen, fs_hz, scale_uv),
    )


def _read(path: Path) -> edfio.Edf | edfio.Bdf:
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such recording")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if path.suffix.lower() == ".bdf":
                edf: edfio.Edf | edfio.Bdf = edfio.read_bdf(path, header_encoding="latin-1")
            else:
                edf = edfio.read_edf(path, lazy_load_data=True, header_encoding="latin-1")
        broken = edf.reserved.startswith(("EDF+D", "BDF+D")) and not edf.is_continuous
    except _READ_ERRORS as error:
        reason = " ".join(str(error).split())
        raise RecordingError(f"{path}: damaged or cut short: {reason}") from error
    if broken:
        raise RecordingError(f"{path}: has gaps ({edf.reserved[:5]}); split it into files without gaps")
    return edf


def _read_uv(
    chosen: Sequence[edfio.EdfSignal | edfio.BdfSignal],
    fs_hz: float,
    scale_uv: npt.NDArray[np.float64],
    start: int,
    stop: int,
) -> npt.NDArray[np.float64]:
    columns = [signal.get_data_slice(start / fs_hz, stop / fs_hz) for signal in chosen]
    uv: npt.NDArray[np.float64] = np.column_stack(columns) * scale_uv
    return uv


def _base_time_utc(edf: edfio.Edf | edfio.Bdf) -> datetime | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return datetime.combine(edf.startdate, edf.starttime, UTC)
        except (edfio.AnonymizedDateError, ValueError):
            return None
