"""Encoder of PMD ECG frames, the inverse of the decoder in `polar_h10`."""

import struct

import numpy as np
import numpy.typing as npt

SAMPLES_PER_FRAME = 73
"""What an H10 puts in one frame: 10 + 73 * 3 = 229 bytes."""

MIN_MTU = 232
"""Frame and 3 bytes of ATT header."""

DEVICE_EPOCH_NS = 599_616_000_000_000_000
"""2019-01-01 in ns since 2000-01-01: what an H10's clock shows after each power-up."""


def ecg_frame(uv: npt.NDArray[np.int32], last_sample_ns: int) -> bytes:
    """Samples `[n]` (uV, 24 bit signed) as one frame, with the device time of the last sample."""
    little = np.asarray(uv, "<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    return struct.pack("<BQB", 0, last_sample_ns, 0) + little.tobytes()


def timed_frames(uv: npt.NDArray[np.int32], first_index: int, fs_hz: int) -> list[bytes]:
    """Whole frames of samples `[n]` that begin at sample `first_index` since power-up."""
    ends = range(SAMPLES_PER_FRAME, len(uv) + 1, SAMPLES_PER_FRAME)
    return [
        ecg_frame(
            uv[end - SAMPLES_PER_FRAME : end], DEVICE_EPOCH_NS + round((first_index + end) * 1e9 / fs_hz)
        )
        for end in ends
    ]
