"""biosppy: the Hamilton segmenter on the signal as it is, then `correct_rpeaks`."""

from biosppy.signals import ecg

from benchmarks.peers.found import Float64, Found, beats_only

NAME, DISTRIBUTION, SAYS = "biosppy hamilton", "biosppy", ("QRS",)


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats of one lead."""
    (raw,) = ecg.hamilton_segmenter(signal=ecg_mv, sampling_rate=fs_hz)
    (corrected,) = ecg.correct_rpeaks(signal=ecg_mv, rpeaks=raw, sampling_rate=fs_hz, tol=0.05)
    return beats_only(corrected)
