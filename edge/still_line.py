"""Whether silence is believed: where no beat is seen, the line has to lie still.

An electrode that moves hides beats: the line drifts back for seconds, as quiet as a pause, and then jumps.
In a silent heart nothing moves it by as much as a beat is high.
"""

import numpy as np
import numpy.typing as npt

from edge.quality import FLAT_UV
from edge.strips import StripCutter

_USUAL_S = 10.0
_AFTER_BEAT_S, _BEFORE_BEAT_S = 0.5, 0.15  # the T wave of the last beat, and the QRS of the next
_LONGEST_S = 60.0
_STILL_SHARE = 0.8  # of the usual height
_SETTLING_S = 1.0  # a line that drifts back is nearly still at last

Samples = npt.NDArray[np.int32]


class StillLine:
    """Looks at a silence in the samples that the `strips` hold; `pause_ms` is the shortest that counts."""

    def __init__(self, strips: StripCutter, fs_hz: float, pause_ms: float) -> None:
        self._strips, self._fs_hz = strips, fs_hz
        self._pause, self._settled = round(pause_ms * fs_hz / 1000), round(_SETTLING_S * fs_hz)

    def is_believed(self, beat_index: int, stop_index: int, *, ends_in_beat: bool) -> bool:
        """Whether the heart was silent between a beat and `stop_index`; what is no pause is believed.

        The line has to be still since the beat, or, once it has moved, for a pause and a second to settle.
        After a minute in which it never was, it is not asked any more.
        """
        length = stop_index - beat_index
        if length < self._pause:
            return True
        if length > _LONGEST_S * self._fs_hz:
            return False
        first = beat_index + round(_AFTER_BEAT_S * self._fs_hz)
        stop = stop_index - round(_BEFORE_BEAT_S * self._fs_hz) * ends_in_beat
        usual_first = max(self._strips.start, beat_index - round(_USUAL_S * self._fs_hz))
        usual = self._strips.samples(usual_first, beat_index)
        silence = self._strips.samples(first, max(first, stop))
        newest = silence[max(0, stop_index - self._pause - self._settled - first) :]
        return is_still(usual, newest, self._fs_hz)


def is_still(usual_uv: Samples, silent_uv: Samples, fs_hz: float) -> bool:
    """Whether a lead that is alive moves less in the silence than in a usual second before it.

    Both are `[n, leads]` in microvolts; with nothing to compare it is.
    """
    if not len(usual_uv) or not len(silent_uv):
        return True
    usual, moved = _usual_height(usual_uv, round(fs_hz)), np.ptp(silent_uv.astype(np.int64), axis=0)
    is_alive = (usual >= FLAT_UV) & (moved >= FLAT_UV)
    return bool((moved[is_alive] < _STILL_SHARE * usual[is_alive]).any())


def _usual_height(ecg_uv: Samples, second: int) -> npt.NDArray[np.float64]:
    """Peak to peak of each lead in the median of the last whole seconds, or of what there is."""
    n = max(1, len(ecg_uv) // second)
    heights = [np.ptp(piece.astype(np.int64), axis=0) for piece in np.array_split(ecg_uv, n)]
    return np.asarray(np.median(heights, axis=0), np.float64)
