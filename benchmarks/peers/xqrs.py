"""wfdb: XQRS, as `xqrs_detect` calls it."""

import numpy as np
import wfdb.processing

from benchmarks.peers.found import Float64, Found, beats_only

NAME, DISTRIBUTION, SAYS = "wfdb xqrs", "wfdb", ("QRS",)


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats of one lead."""
    xqrs = wfdb.processing.XQRS(sig=np.asarray(ecg_mv, np.float64), fs=fs_hz)
    xqrs.detect(verbose=False)
    return beats_only(xqrs.qrs_inds)
