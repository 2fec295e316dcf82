"""A second opinion on ventricular fibrillation, asked only where the encoder suspects it.

The encoder knows few patients with VF, and is too sure of them. What it suspects has to show in measured
things too (`vf_features`), weighed by one weight each: with so few patients no more can be learned.
"""

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.beats import RawBeat
from edge.bundle import Manifest, VfModel
from edge.errors import UserError
from edge.vf_features import BEATS_S, SIGNAL_S, VF_FEATURES, vf_features

Float32 = npt.NDArray[np.float32]

SUSPECTED = 0.05  # below, nothing is measured
_AHEAD_S = 1  # of the signal, after the second that is judged
_SILENT_MV = 0.01
FARTHEST = 5.0  # that one feature can lie from its mean

NO_SIGNAL: Final[Float32] = np.empty((0, 1), np.float32)
_KEPT_S = SIGNAL_S + 8  # more than waits for beats that are not yet decided


class VfReader:
    """Remembers seconds of signal and beats of one run; the same whatever the cut of the spans.

    Without `manifest.vf` the encoder decides alone.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._fs_hz = manifest.fs_hz
        self._score = VfScore(manifest.vf) if manifest.vf else None
        self._signal: deque[Float32] = deque(maxlen=_KEPT_S)
        self._stop_s = 0
        self._beats: deque[RawBeat] = deque()

    def hear(self, filtered_mv: Float32, beats: list[RawBeat]) -> None:
        """The next seconds `[samples, leads]`, the last perhaps shorter, and the beats decided by now."""
        for first in range(0, len(filtered_mv), self._fs_hz):
            self._signal.append(filtered_mv[first : first + self._fs_hz])
            self._stop_s += 1
        self._beats.extend(beats)
        while self._beats and self._beats[0].at_s < self._stop_s - _KEPT_S - BEATS_S:
            self._beats.popleft()

    def read(self, first_s: int, by_encoder: float) -> float:
        """Probability of VF in the second from `first_s`, of which the encoder says `by_encoder`."""
        if self._score is None:
            return by_encoder
        if by_encoder < SUSPECTED:
            return by_encoder
        return min(by_encoder, self._score.probability(self.features(first_s)))

    def features(self, first_s: int) -> Float32:
        """Of this second, the mean over the leads that carry a signal."""
        leads = self._window(first_s).T
        alive = [lead for lead in leads if lead.std() > _SILENT_MV] or [leads[0]]
        beats = [beat for beat in self._beats if first_s + 1 - BEATS_S <= beat.at_s < first_s + 1]
        rows = [vf_features(lead, self._fs_hz, beats) for lead in alive]
        return np.asarray(np.mean(rows, axis=0), np.float32)

    def _window(self, first_s: int) -> Float32:
        """`SIGNAL_S` `[samples, leads]` up to a second after this one, silence before the run began."""
        last_s = min(first_s + _AHEAD_S, self._stop_s - 1)
        kept_from_s = self._stop_s - len(self._signal)
        seconds = list(self._signal)[max(0, last_s + 1 - SIGNAL_S - kept_from_s) : last_s + 1 - kept_from_s]
        joined, wanted = np.concatenate(seconds), SIGNAL_S * self._fs_hz
        return np.pad(joined, ((wanted - len(joined), 0), (0, 0)))


class VfScore:
    """The weights of a bundle, in the order of the features."""

    def __init__(self, model: VfModel) -> None:
        if set(model.features) != set(VF_FEATURES):
            wrong = ", ".join(sorted(set(model.features) ^ set(VF_FEATURES)))
            raise UserError(f"manifest key vf.features: missing, or not known here: {wrong}")
        rows = [model.features[name] for name in VF_FEATURES]
        self._mean, self._scale = np.array([row.mean for row in rows]), np.array([row.scale for row in rows])
        self._weight, self._bias = np.array([row.weight for row in rows]), model.bias

    def probability(self, features: Float32) -> float:
        """Of ventricular fibrillation, by features `[len(VF_FEATURES)]`."""
        far = ((features - self._mean) / self._scale).clip(-FARTHEST, FARTHEST)
        return float(1 / (1 + np.exp(-np.clip(far @ self._weight + self._bias, -30, 30))))
