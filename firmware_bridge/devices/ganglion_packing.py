"""The Ganglion's way to put eight samples into a notification: 18 or 19 bits each, most significant first.

The lowest bit of each is a copy of the sign.
"""

import numpy as np
import numpy.typing as npt

N_CHANNELS, N_SAMPLES = 4, 2

Fields = npt.NDArray[np.int32]


def unpacked(packed: bytes, width: int) -> Fields:
    """Signed fields `[2, 4]` of `width` bits, the sign as OpenBCI's own driver reads it."""
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))[: N_SAMPLES * N_CHANNELS * width]
    weights = 1 << np.arange(width - 1, -1, -1, dtype=np.int32)
    raw = bits.reshape(N_SAMPLES, N_CHANNELS, width).astype(np.int32) @ weights
    return np.asarray(raw - ((raw & 1) << width), np.int32)


def halved(fields: Fields) -> Fields:
    """Without the copy of the sign."""
    return np.asarray(fields >> 1, np.int32)


def packed(values: Fields, width: int) -> bytes:
    """The inverse of `unpacked` and `halved`: values `[2, 4]` of `width - 1` bits."""
    raw = (values.astype(np.int64) << 1 | (values < 0)) & ((1 << width) - 1)
    bits = raw.reshape(-1, 1) >> np.arange(width - 1, -1, -1) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()
