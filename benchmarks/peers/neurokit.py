"""neurokit2: `ecg_clean` and `ecg_peaks` with their defaults."""

import neurokit2

from benchmarks.peers.found import Float64, Found, beats_only

NAME, DISTRIBUTION, SAYS = "neurokit2", "neurokit2", ("QRS",)


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats of one lead."""
    clean = neurokit2.ecg_clean(ecg_mv, sampling_rate=int(fs_hz))
    _, peaks = neurokit2.ecg_peaks(clean, sampling_rate=int(fs_hz))
    return beats_only(peaks["ECG_R_Peaks"])
