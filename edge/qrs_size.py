"""Whether QRS complexes have the size of a heart's: counts that are called millivolts do not.

Of 7,224 recordings in eleven databases the highest lead had 9.7 mV in the median of 60 beats, behind an
amplifier that ends at 10; ten beats in noise once had 10.8. A true ECG is never refused for its size: people
are told, and decide.
"""

from collections import deque
from statistics import median
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.quality import FLAT_UV

LARGEST_UV: Final = 12_000
"""Median peak to peak of QRS complexes that is still believed."""
HALF_QRS_S: Final = 0.06
_FEWEST, _MOST = 10, 60


class QrsSize:
    """Told the samples around each beat that can be read."""

    def __init__(self) -> None:
        self._heights_uv: deque[int] = deque(maxlen=_MOST)

    def add(self, qrs_uv: npt.NDArray[np.int32]) -> None:
        """`[n, leads]` around one beat, `n` above 0; the smallest lead alive counts, as one may be noise."""
        heights_uv = [h for h in np.ptp(qrs_uv.astype(np.int64), axis=0).tolist() if h >= FLAT_UV]
        if heights_uv:
            self._heights_uv.append(min(heights_uv))

    @property
    def implausible_mv(self) -> float | None:
        """The usual height now where no heart has it; `None` where it can be one's, or beats are too few."""
        if len(self._heights_uv) < _FEWEST or (usual_uv := median(self._heights_uv)) <= LARGEST_UV:
            return None
        return round(usual_uv / 1000, 1)


def complaint(height_mv: float) -> str:
    """In words."""
    why = "the unit is wrong, or counts are taken for mV"
    return f"QRS complexes are {height_mv:g} mV high, more than any heart's: {why}"
