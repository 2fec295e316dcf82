"""Waves as a WFDB annotation file, marked as the QT database and LUDB are."""

from pathlib import Path
from typing import Final

import numpy as np

from edge.errors import UserError
from edge.wave_order import Wave, WaveKind

_PEAK: Final = {WaveKind.P: "p", WaveKind.QRS: "N", WaveKind.T: "t"}
_NUM: Final = {WaveKind.P: 0, WaveKind.QRS: 1, WaveKind.T: 2}


def write_waves(waves: list[Wave], name: str, annotator: str, fs_hz: float, folder: Path) -> Path:
    """Write `NAME.annotator`: `(` at the onset, `p`, `N` or `t` at the peak, `)` at the end of each wave.

    The field `num` is 0 for P, 1 for QRS and 2 for T; an `N` says nothing about the class of the beat.
    """
    import wfdb

    if not waves:
        raise UserError(f"{name}: no wave was found, nothing to write")
    rows = [
        (round(at_s * fs_hz), symbol, _NUM[wave.kind])
        for wave in waves
        for at_s, symbol in ((wave.onset_s, "("), (wave.peak_s, _PEAK[wave.kind]), (wave.end_s, ")"))
    ]
    samples, symbols, nums = zip(*rows, strict=True)
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrann(
        name,
        annotator,
        np.array(samples, np.int64),
        symbol=list(symbols),
        num=np.array(nums, np.int64),
        fs=fs_hz,
        write_dir=str(folder),
    )
    return folder / f"{name}.{annotator}"
