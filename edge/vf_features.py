"""What tells fibrillation of the ventricles from a regular, wide rhythm, measured on signal and beats.

Measured, and not learned: there are recordings of VF of too few patients to learn what to look at.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge.beats import RawBeat

Float32 = npt.NDArray[np.float32]

SIGNAL_S, BEATS_S = 4, 8  # how much of the signal, and of its beats, is looked at

SIGNAL_FEATURES = (
    "log_sd", "median_over_peak", "high_over_peak", "median_slope_over_peak", "high_slope_over_peak",
    "peak_slope", "mean_slope", "power_0.5", "power_1.5", "power_3", "power_5", "power_8", "power_14",
    "main_hz", "power_near_main", "entropy", "kurtosis", "slope_kurtosis",
)  # fmt: skip
BEAT_FEATURES = (
    "rate", "confidence", "ventricular", "qrs", "alike", "log_rr", "rr_deviation", "rr_sd", "has_rr",
    "rr_jump", "p_probability",
)  # fmt: skip
VF_FEATURES = SIGNAL_FEATURES + BEAT_FEATURES
LIMIT = 15.0

_BANDS_HZ = ((0.5, 1.5), (1.5, 3), (3, 5), (5, 8), (8, 14), (14, 30))
_MAIN_HZ = (1.5, 9.0)  # where the rhythm of VF lies
_NEAR_HZ = 0.6
_QUANTILES = (0.5, 0.9, 0.98)
_FEWEST_FOR_RR = 3


def vf_features(ecg_mv: Float32, fs_hz: int, beats: Sequence[RawBeat]) -> Float32:
    """Features `[len(VF_FEATURES)]` of the last `SIGNAL_S` `[samples]` (filtered) and beats of `BEATS_S`."""
    features = [*_of_signal(ecg_mv - ecg_mv.mean(), fs_hz), *_of_beats(beats)]
    return np.array(features, np.float32).clip(-LIMIT, LIMIT)


def _of_signal(ecg_mv: Float32, fs_hz: int) -> list[float]:
    size, slopes = np.abs(ecg_mv), np.diff(ecg_mv)
    steepness = np.abs(slopes)
    median, high, peak = np.quantile(size, _QUANTILES) + 1e-5
    median_slope, high_slope, peak_slope = np.quantile(steepness, _QUANTILES) + 1e-6
    return [
        _log(ecg_mv.std() + 1e-4), _log(median / peak), _log(high / peak),
        _log(median_slope / peak_slope + 1e-4), _log(high_slope / peak_slope + 1e-4),
        _log(peak_slope / peak), _log((steepness.mean() + 1e-7) / (size.mean() + 1e-5)),
        *_of_spectrum(ecg_mv, fs_hz), _log(_kurtosis(ecg_mv)), _log(_kurtosis(slopes)),
    ]  # fmt: skip


def _of_spectrum(ecg_mv: Float32, fs_hz: int) -> list[float]:
    """Shares of power by band; the main frequency of a rhythm, and how much else there is."""
    n = 2 * len(ecg_mv)
    power = np.abs(np.fft.rfft(ecg_mv * np.hanning(len(ecg_mv)), n)) ** 2
    hz = np.fft.rfftfreq(n, 1 / fs_hz)
    bands = [float(power[(hz >= low) & (hz < high)].sum()) for low, high in _BANDS_HZ]
    inside = (hz >= _MAIN_HZ[0]) & (hz < _MAIN_HZ[1])
    inner_hz, share = hz[inside], power[inside] / (power[inside].sum() + 1e-9)
    main_hz = inner_hz[share.argmax()]
    near = share[np.abs(inner_hz - main_hz) <= _NEAR_HZ].sum()
    entropy = -(share * np.log(share + 1e-9)).sum()
    shares = [_log(band / (sum(bands) + 1e-9) + 1e-3) for band in bands]
    return [*shares, float(main_hz) / 5, float(near), float(entropy) / 5]


def _of_beats(beats: Sequence[RawBeat]) -> list[float]:
    """All 0 where there are none."""
    if not beats:
        return [0.0] * len(BEAT_FEATURES)
    n = len(beats)
    mean = [
        sum(b.confidence for b in beats) / n,
        float(sum(b.classes[2] for b in beats)) / n,
        10 * sum(b.qrs_s for b in beats) / n,
    ]
    p_probability = sum(b.p_probability for b in beats) / n
    return [n / BEATS_S, *mean, _alike(beats), *_of_intervals(beats), p_probability]


def _of_intervals(beats: Sequence[RawBeat]) -> list[float]:
    """Log of the usual interval; median deviation, SD and mean jump over it; 1 where there are intervals."""
    if len(beats) < _FEWEST_FOR_RR:
        return [0.0] * 5
    rr_s = np.array([after.at_s - before.at_s for before, after in pairwise(beats)])
    usual = float(np.median(rr_s))
    deviation = float(np.median(np.abs(rr_s - usual))) / usual
    jump = float(np.abs(np.diff(rr_s)).mean()) / usual
    return [_log(usual), min(deviation, 1.0), min(float(rr_s.std()) / usual, 1.0), 1.0, min(jump, 1.0)]


def _alike(beats: Sequence[RawBeat]) -> float:
    """Length of the mean of the beats' unit embeddings: 1 where all look the same."""
    if len(beats) == 1:
        return 0.0
    rows = np.stack([beat.embedding for beat in beats])
    units = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    return float(np.linalg.norm(units.mean(axis=0)))


def _kurtosis(values: Float32) -> float:
    centred = values - values.mean()
    square = centred**2
    return float(((square**2).mean() + 1e-12) / (square.mean() ** 2 + 1e-12))


def _log(value: float) -> float:
    return float(np.log(value))
