"""biosppy: its `ecg` function up to the R peaks: band-pass, Hamilton, `correct_rpeaks`."""

from biosppy.signals import ecg, tools

from benchmarks.peers.found import Float64, Found, beats_only

NAME, DISTRIBUTION, SAYS = "biosppy hamilton", "biosppy", ("QRS",)


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats of one lead."""
    filtered, _, _ = tools.filter_signal(
        signal=ecg_mv,
        ftype="FIR",
        band="bandpass",
        order=int(1.5 * fs_hz),
        frequency=[0.67, 45],
        sampling_rate=fs_hz,
    )
    filtered -= filtered.mean()
    (raw,) = ecg.hamilton_segmenter(signal=filtered, sampling_rate=fs_hz)
    (corrected,) = ecg.correct_rpeaks(signal=filtered, rpeaks=raw, sampling_rate=fs_hz, tol=0.05)
    return beats_only(corrected)
