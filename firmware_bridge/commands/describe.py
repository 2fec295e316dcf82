"""`hearth devices describe PATH`: what a recording is, as JSON."""

import json

from firmware_bridge.recordings import open_recording


def print_description(path: str) -> None:
    """Print name, leads, rate and length of a WFDB or EDF recording."""
    recording = open_recording(path)
    described = {
        "name": recording.name,
        "leads": recording.leads,
        "fs_hz": recording.fs_hz,
        "n_samples": recording.n_samples,
        "duration_s": recording.n_samples / recording.fs_hz,
        "base_time_utc": recording.base_time_utc and recording.base_time_utc.isoformat(),
    }
    print(json.dumps(described))
