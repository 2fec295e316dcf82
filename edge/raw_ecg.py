"""A piece of ECG as it was recorded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class RawEcg:
    """`ecg_uv` `[n, leads]` in microvolts, unfiltered."""

    ecg_uv: npt.NDArray[np.int32]
    fs_hz: float
    leads: tuple[str, ...]
