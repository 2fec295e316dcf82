"""Losing a link and getting it back: how long to wait, and saying each once."""

import logging
import time
from collections.abc import Iterator

from firmware_bridge.packets import LinkLost, LinkRestored

_LOG = logging.getLogger(__name__)


def backoff_s(first_s: float = 0.5, longest_s: float = 15.0) -> Iterator[float]:
    """Endless delays, each twice the one before, up to the longest."""
    delay_s = first_s
    while True:
        yield delay_s
        delay_s = min(2 * delay_s, longest_s)


class LinkState:
    """Turns the ups and downs of a link into one `LinkLost` and one `LinkRestored` an outage.

    The first connection restores nothing; what fails before it is only logged, once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lost_at_s: float | None = None
        self._was_up = False
        self._waiting = False

    def lost(self, reason: str) -> list[LinkLost]:
        """The link is down; tell it unless that is known."""
        if not self._was_up:
            if not self._waiting:
                _LOG.warning("%s: waiting for the device (%s)", self._name, reason)
            self._waiting = True
            return []
        if self._lost_at_s is not None:
            return []
        self._lost_at_s = time.monotonic()
        _LOG.warning("%s: link lost (%s), reconnecting", self._name, reason)
        return [LinkLost(reason)]

    def is_up(self) -> list[LinkRestored]:
        """ECG arrives; tell it if that is news."""
        if not self._was_up:
            _LOG.info("%s: ECG arrives", self._name)
            self._was_up = True
        if self._lost_at_s is None:
            return []
        outage_s = time.monotonic() - self._lost_at_s
        self._lost_at_s = None
        _LOG.warning("%s: link restored after %.1f s", self._name, outage_s)
        return [LinkRestored(outage_s)]
