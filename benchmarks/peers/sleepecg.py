"""sleepecg: `detect_heartbeats`."""

import sleepecg

from benchmarks.peers.found import Float64, Found, beats_only

NAME, DISTRIBUTION, SAYS = "sleepecg", "sleepecg", ("QRS",)


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats of one lead."""
    return beats_only(sleepecg.detect_heartbeats(ecg_mv, fs_hz))
