"""The decoder protocol: bytes in, packets out, no I/O (the idea of h11)."""

from typing import Protocol

from firmware_bridge.packets import Packet


class Decoder(Protocol):
    """Turns the bytes of one device into packets, and finds its feet again after damage.

    For a message transport (BLE) each call holds one notification of `channel`; for a byte stream
    (serial) any cut will do, and `channel` is the same throughout.
    """

    def feed(self, payload: bytes, channel: str = "") -> list[Packet]:
        """Decode what is complete; damaged bytes come out as `Damage` and are skipped."""
        ...

    def reset(self) -> None:
        """Forget what was carried over: the link was lost."""
        ...
