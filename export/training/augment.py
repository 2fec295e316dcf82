"""What happens to an ECG at home: noise, lost contact, other gain and polarity, and hearts that pause."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from edge.labels import Rhythm
from export.model import FRAMES_PER_SECOND
from export.training.records import FS_HZ, NO_WAVE, UNKNOWN
from export.training.rhythms import UNKNOWN_RHYTHM, rhythm_set
from export.training.targets import Float32, Window

HOPELESS_SNR = 0.45  # signal amplitude over noise amplitude, below which nobody can read a beat
NOISE = rhythm_set(Rhythm.NOISE)
_SNR_RANGE = (0.25, 12.0)


class Augmenter:
    """Changes windows at random; what it makes unreadable it labels so."""

    def __init__(self, noise: list[npt.NDArray[np.float16]], rng: np.random.Generator) -> None:
        self._noise, self._rng = noise, rng

    def __call__(self, window: Window) -> Window:
        """One window, changed."""
        if self._rng.random() < 0.06:
            window = self._with_pause(window)
        ecg = self._rescaled(window.ecg_mv)
        if self._rng.random() < 0.15:
            ecg = _smoothed(ecg, int(self._rng.integers(2, 4)))
        window = replace(window, ecg_mv=ecg)
        if self._rng.random() < 0.45:
            window = self._with_noise(window)
        if self._rng.random() < 0.06:
            window = self._without_contact(window)
        return window

    def _rescaled(self, ecg: Float32) -> Float32:
        gain = np.exp(self._rng.normal(0, 0.35, (len(ecg), 1)))
        polarity = np.where(self._rng.random((len(ecg), 1)) < 0.1, -1.0, 1.0)
        return (ecg * gain * polarity).astype(np.float32)

    def _with_noise(self, window: Window) -> Window:
        """Add real noise in a random stretch at a random ratio; hopeless seconds become unreadable."""
        n = window.ecg_mv.shape[1]
        noise = self._noise[self._rng.integers(len(self._noise))]
        start = self._rng.integers(len(noise) - n)
        lane = noise[start : start + n, self._rng.integers(noise.shape[1])].astype(np.float32)
        snr = float(np.exp(self._rng.uniform(*np.log(_SNR_RANGE))))
        level = np.abs(window.ecg_mv).mean() / (np.abs(lane).mean() + 1e-6) / snr
        first, stop = np.sort(self._rng.integers(0, n // FS_HZ + 1, 2))
        if self._rng.random() < 0.5:
            first, stop = 0, n // FS_HZ
        noisy = window.ecg_mv.copy()
        noisy[:, first * FS_HZ : stop * FS_HZ] += lane[first * FS_HZ : stop * FS_HZ] * level
        noisy_window = replace(window, ecg_mv=noisy)
        hopeless = slice(int(first), int(stop))
        return _unreadable(noisy_window, hopeless, beats_too=False) if snr < HOPELESS_SNR else noisy_window

    def _without_contact(self, window: Window) -> Window:
        """Replace a stretch by a near-flat line or by noise alone."""
        seconds = window.ecg_mv.shape[1] // FS_HZ
        first = int(self._rng.integers(seconds - 2))
        stop = int(self._rng.integers(first + 2, seconds + 1))
        ecg = window.ecg_mv.copy()
        piece = ecg[:, first * FS_HZ : stop * FS_HZ]
        piece[:] = self._rng.normal(0, float(self._rng.choice([0.002, 0.5])), piece.shape)
        return _unreadable(replace(window, ecg_mv=ecg), slice(first, stop), beats_too=True)

    def _with_pause(self, window: Window) -> Window:
        """The heart waits 2 to 5 whole seconds in diastole; readable, and without a beat."""
        beats = find_peaks(window.beat_heat, height=0.8)[0]
        if len(beats) < 4:
            return window
        i = int(self._rng.integers(1, len(beats) - 1))
        at = (beats[i] + 0.8 * (beats[i + 1] - beats[i])) / FRAMES_PER_SECOND
        return _with_inserted(window, float(at), int(self._rng.integers(2, 6)), self._rng)


def _with_inserted(window: Window, at_s: float, pause_s: int, rng: np.random.Generator) -> Window:
    """Shift all after `at_s` by whole seconds, so that labels by second stay whole."""
    sample, frame, second = int(at_s * FS_HZ), int(at_s * FRAMES_PER_SECOND), int(at_s)
    n = min(pause_s * FS_HZ, window.ecg_mv.shape[1] - sample - 1)
    quiet = np.linspace(window.ecg_mv[:, sample], window.ecg_mv[:, sample + 1], n, axis=1)
    quiet = quiet * np.exp(-np.arange(n) / FS_HZ) + rng.normal(0, 0.004, quiet.shape)
    return replace(
        window,
        ecg_mv=_inserted(window.ecg_mv, sample, quiet.astype(np.float32)),
        beat_heat=_inserted(window.beat_heat, frame, np.zeros(pause_s * FRAMES_PER_SECOND, np.float32)),
        beat_codes=_inserted(window.beat_codes, frame, np.full(pause_s * FRAMES_PER_SECOND, UNKNOWN)),
        waves=_inserted(window.waves, sample, np.full(pause_s * FS_HZ, NO_WAVE)),
        rhythms=_inserted(window.rhythms, second, np.full(pause_s, UNKNOWN_RHYTHM, np.uint16)),
        quality=_inserted(window.quality, second, np.ones(pause_s, np.float32)),
    )


def _inserted(values: npt.NDArray, at: int, piece: npt.NDArray) -> npt.NDArray:
    n = values.shape[-1]
    joined = np.concatenate([values[..., :at], piece, values[..., at:]], axis=-1)
    return joined[..., :n].astype(values.dtype)


def _unreadable(window: Window, seconds: slice, *, beats_too: bool) -> Window:
    quality, rhythms = window.quality.copy(), window.rhythms.copy()
    quality[seconds], rhythms[seconds] = 0, NOISE
    if not beats_too:
        return replace(window, quality=quality, rhythms=rhythms)
    heat, codes, waves = window.beat_heat.copy(), window.beat_codes.copy(), window.waves.copy()
    frames = slice(seconds.start * FRAMES_PER_SECOND, seconds.stop * FRAMES_PER_SECOND)
    heat[frames] = np.where(heat[frames] < 0, UNKNOWN, 0)
    codes[frames] = UNKNOWN
    waves[seconds.start * FS_HZ : seconds.stop * FS_HZ] = UNKNOWN
    return replace(window, quality=quality, rhythms=rhythms, beat_heat=heat, beat_codes=codes, waves=waves)


def _smoothed(ecg: Float32, width: int) -> Float32:
    kernel = np.ones(width, np.float32) / width
    return np.stack([np.convolve(lead, kernel, mode="same") for lead in ecg]).astype(np.float32)
