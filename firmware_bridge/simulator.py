"""A synthetic heart: sinus rhythm of NeuroKit2's ECGSYN, ventricular beats and noise, all from one seed."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LOOP_S = 60
_OVERSAMPLED = 4  # ECGSYN is not stable at the rate of a strap
_WANDER_UV, _WANDER_HZ = 40.0, 0.22
_PREMATURE = 0.38
"""Share of an RR interval by which a ventricular beat comes early; the pause after it is compensatory."""


@dataclass(frozen=True, slots=True)
class Heart:
    """`pvc_every` 7: each seventh beat is ventricular; 0: none."""

    fs_hz: int = 130
    hr_bpm: float = 72.0
    pvc_every: int = 0
    seed: int = 0
    noise_uv: float = 12.0


def simulated_blocks(heart: Heart, n: int) -> Iterator[npt.NDArray[np.int32]]:
    """Endless microvolts in blocks `[n, 1]`; the same for the same heart, whatever `n`."""
    beats = _loop_uv(heart)
    rng = np.random.default_rng(heart.seed)
    start = 0
    while True:
        at = np.arange(start, start + n)
        wander = _WANDER_UV * np.sin(2 * np.pi * _WANDER_HZ * at / heart.fs_hz)
        noise = heart.noise_uv * rng.standard_normal(n)
        yield np.rint(beats[at % len(beats)] + wander + noise).astype(np.int32)[:, None]
        start += n


def _loop_uv(heart: Heart) -> npt.NDArray[np.float64]:
    """About a minute without noise, cut in two diastoles so that its end fits its beginning."""
    sinus = _sinus_uv(heart)
    peaks = _r_peaks(sinus, heart)
    rr = round(float(np.median(np.diff(peaks))))
    if heart.pvc_every:
        for peak in peaks[heart.pvc_every - 1 : -1 : heart.pvc_every]:
            _put_ventricular_beat(sinus, int(peak), rr, heart.fs_hz)
    usable = len(peaks) - 2
    if heart.pvc_every:
        usable -= usable % heart.pvc_every
    quiet = round(0.4 * rr)
    return sinus[peaks[0] - quiet : peaks[max(usable, 1)] - quiet]


def _sinus_uv(heart: Heart) -> npt.NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2
        from scipy.signal import resample_poly

        millivolts = neurokit2.ecg_simulate(
            duration=_LOOP_S + 5,
            sampling_rate=heart.fs_hz * _OVERSAMPLED,
            heart_rate=heart.hr_bpm,
            noise=0,
            random_state=heart.seed,
        )
    uv: npt.NDArray[np.float64] = resample_poly(millivolts, 1, _OVERSAMPLED) * 1000
    return uv


def _r_peaks(uv: npt.NDArray[np.float64], heart: Heart) -> npt.NDArray[np.int64]:
    from scipy.signal import find_peaks

    peaks, _ = find_peaks(uv, height=0.5 * uv.max(), distance=0.5 * 60 / heart.hr_bpm * heart.fs_hz)
    return np.asarray(peaks[peaks > 60 / heart.hr_bpm * heart.fs_hz], np.int64)


def _put_ventricular_beat(uv: npt.NDArray[np.float64], peak: int, rr: int, fs_hz: int) -> None:
    """Replace the sinus beat at `peak` by an early, wide one without P and with a discordant T."""
    start, stop = peak - round(0.5 * rr), peak + round(0.5 * rr)
    uv[start:stop] = np.linspace(uv[start], uv[stop], stop - start)
    at_s = (np.arange(start, stop) - (peak - _PREMATURE * rr)) / fs_hz
    qrs = 1500 * np.exp(-((at_s / 0.045) ** 2)) - 350 * np.exp(-(((at_s - 0.11) / 0.04) ** 2))
    t_wave = -380 * np.exp(-(((at_s - 0.30) / 0.07) ** 2))
    uv[start:stop] += qrs + t_wave
