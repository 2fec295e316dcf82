"""Wave boundaries as labels: annotators write `(` at an onset, `p`, `N` or `t` at a peak, `)` at an end."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.labels import AAMI_CLASS_OF_SYMBOL
from export.training.records import NO_WAVE, P_WAVE, QRS, T_WAVE, UNKNOWN

WAVE_OF_SYMBOL = {**dict.fromkeys(AAMI_CLASS_OF_SYMBOL, QRS), "p": P_WAVE, "t": T_WAVE}
_LONGEST_PAUSE_S = 2.5  # between two waves; where more is missing the annotator skipped beats


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave in seconds; onset and end are None where the annotator gave none."""

    kind: int
    onset_s: float | None
    peak_s: float
    end_s: float | None


def waves_of(samples: npt.NDArray[np.integer], symbols: list[str], fs_hz: float) -> list[Wave]:
    """Waves in order of time."""
    waves = []
    for i, symbol in enumerate(symbols):
        if symbol not in WAVE_OF_SYMBOL:
            continue
        onset = samples[i - 1] / fs_hz if i and symbols[i - 1] == "(" else None
        end = samples[i + 1] / fs_hz if i + 1 < len(symbols) and symbols[i + 1] == ")" else None
        waves.append(Wave(WAVE_OF_SYMBOL[symbol], onset, samples[i] / fs_hz, end))
    return waves


def wave_codes(waves: list[Wave], n: int, fs_hz: int) -> npt.NDArray[np.int8]:
    """A code for each of `n` samples: known from the first to the last wave, but for open boundaries.

    A T wave without an onset leaves the stretch from the QRS before it to its peak unknown.
    """
    codes = np.full(n, UNKNOWN, np.int8)
    if not any(wave.kind == T_WAVE for wave in waves):
        return codes  # QRS alone were marked (QTDB sel37)
    centres = (np.arange(n) + 0.5) / fs_hz
    previous_end_s = None
    for wave in waves:
        if wave.end_s is None or (wave.onset_s is None and wave.kind != T_WAVE):
            previous_end_s = None
            continue
        start_s = wave.peak_s if wave.onset_s is None else wave.onset_s
        if (
            previous_end_s is not None
            and start_s - previous_end_s < _LONGEST_PAUSE_S
            and wave.onset_s is not None
        ):
            codes[(centres > previous_end_s) & (centres < start_s)] = NO_WAVE
        codes[(centres >= start_s) & (centres <= wave.end_s)] = wave.kind
        previous_end_s = wave.end_s
    return codes
