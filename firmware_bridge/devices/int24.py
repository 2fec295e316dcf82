"""Signed big-endian integers of three bytes."""

from collections.abc import Sequence

_BYTES = 3


def from_int24_be(octets: bytes) -> tuple[int, ...]:
    """Decode; the length is a multiple of three."""
    starts = range(0, len(octets), _BYTES)
    return tuple(int.from_bytes(octets[at : at + _BYTES], "big", signed=True) for at in starts)


def to_int24_be(values: Sequence[int]) -> bytes:
    """Encode values of 24 bits."""
    return b"".join(value.to_bytes(_BYTES, "big", signed=True) for value in values)
