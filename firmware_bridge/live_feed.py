"""From bytes of a live link to packets in the inbox, with the raw bytes kept on disk where asked."""

import logging
import time
from asyncio import Task
from contextlib import ExitStack
from pathlib import Path

from firmware_bridge.capture import CaptureWriter, Chunk
from firmware_bridge.decoder import Decoder
from firmware_bridge.inbox import Inbox
from firmware_bridge.packets import Contact, HeartRate, SampleBlock
from firmware_bridge.reconnect import LinkState
from firmware_bridge.transport import TransportError

_LOG = logging.getLogger(__name__)


class LiveFeed:
    """What every live transport does with bytes and with the loss of its link.

    A device that `has_waveform` is alive while it sends ECG, any other while it sends heart rates, and each
    while it says whether its electrodes are on.
    """

    def __init__(self, name: str, decoder: Decoder, capture: str = "", *, has_waveform: bool = True) -> None:
        self.inbox = Inbox()
        self._decoder = decoder
        self._signs_of_life = (SampleBlock if has_waveform else HeartRate, Contact)
        self._link = LinkState(name)
        self._files = ExitStack()
        self._capture: CaptureWriter | None = None
        self._last_ecg_s = time.monotonic()
        if capture:
            self._open_capture(Path(capture))

    def arrived(self, payload: bytes, channel: str = "") -> None:
        """Decode bytes that have just come."""
        self._keep(Chunk(time.time_ns(), channel, payload))
        packets = self._decoder.feed(payload, channel)
        if any(isinstance(packet, self._signs_of_life) for packet in packets):
            self._last_ecg_s = time.monotonic()
            self.inbox.put(self._link.is_up())
        self.inbox.put(packets)

    def lost(self, reason: str) -> None:
        """The link is down, or could not be brought up."""
        self._decoder.reset()
        self.inbox.put(self._link.lost(reason))

    def expect_ecg(self) -> None:
        """The stream was started: silence counts from now."""
        self._last_ecg_s = time.monotonic()

    def silent_for_s(self) -> float:
        """Seconds since the last sign of life, or since it was first expected."""
        return time.monotonic() - self._last_ecg_s

    def keeper_ended(self, keeper: Task[None]) -> None:
        """What keeps the link never ends by a fault unseen: the reader raises it."""
        error = None if keeper.cancelled() else keeper.exception()
        if isinstance(error, Exception):
            self.inbox.end(error)

    def close(self) -> None:
        """End the reader's iteration and close the capture file."""
        self.inbox.end()
        self._files.close()
        self._capture = None

    def _open_capture(self, path: Path) -> None:
        try:
            self._capture = self._files.enter_context(CaptureWriter(path.expanduser()))
        except OSError as error:
            raise TransportError(f"{path}: cannot write the capture: {error.strerror}") from error

    def _keep(self, chunk: Chunk) -> None:
        if not self._capture:
            return
        try:
            self._capture.write(chunk)
        except OSError as error:
            _LOG.error("the capture ends here: %s", error)
            self._capture = None
