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
    """Frames of samples `[n]` that begin at sample `first_index` since power-up; the last may be shorter."""
    frames = [uv[at : at + SAMPLES_PER_FRAME] for at in range(0, len(uv), SAMPLES_PER_FRAME)]
    stops = [first_index + at * SAMPLES_PER_FRAME + len(frame) for at, frame in enumerate(frames)]
    return [
        ecg_frame(frame, DEVICE_EPOCH_NS + round(stop * 1e9 / fs_hz))
        for frame, stop in zip(frames, stops, strict=True)
    ]
