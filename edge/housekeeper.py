"""Looks after the recordings in a thread beside the sample path: compresses, watches the disk, makes room."""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edge.disk_space import SpaceLimits, measure, too_old, warnings
from edge.open_segment import remove_segment
from edge.segment_compression import compress, is_raw

_LOG = logging.getLogger(__name__)
_TELL_AGAIN_S, _TELL_ANEW_S = 24 * 3600.0, 3600.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """Segments that have to go, and what is running short."""

    too_old: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


class Housekeeper:
    """One look at the disk at a time, no more often than every `every_s`; nobody waits for it.

    A segment is named in a `Tidied` before it goes; it goes once `told` says that a person was told.
    """

    def __init__(self, root: Path, limits: SpaceLimits, every_s: float) -> None:
        self._root, self._limits, self._every_s = root, limits, every_s
        self._thread: ThreadPoolExecutor | None = None
        self._look: Future[Tidied] | None = None
        self._due_s = 0.0
        self._condemned: tuple[Path, ...] = ()
        self._is_told = False
        self._told_s: dict[str, float] = {}
        self._closing = threading.Event()

    def attend(self, open_segment: Path, bytes_per_s: float) -> Tidied:
        """What the last look found, once; begins the next one when it is due."""
        tidied = self._collect()
        if tidied.too_old:
            self._condemned, self._is_told = tidied.too_old, False
        elif self._look is None and (self._is_told or time.monotonic() >= self._due_s):
            condemned = self._condemned if self._is_told else ()
            self._condemned, self._is_told = (), False
            self._thread = self._thread or ThreadPoolExecutor(1, "housekeeper")
            self._look = self._thread.submit(self._tidy, condemned, open_segment, bytes_per_s)
            self._due_s = time.monotonic() + self._every_s
        return tidied

    def told(self) -> None:
        """What was named so far has been told: it may go."""
        self._is_told = bool(self._condemned)

    def close(self) -> None:
        """Wait for the look that is going on."""
        self._closing.set()
        if self._thread is not None:
            self._thread.shutdown()

    def _collect(self) -> Tidied:
        if self._look is None or not self._look.done():
            return Tidied()
        look, self._look = self._look, None
        try:
            return look.result()
        except OSError as error:
            _LOG.warning("%s: %s", self._root, error)
            return Tidied()

    def _tidy(self, condemned: tuple[Path, ...], open_segment: Path, bytes_per_s: float) -> Tidied:
        for stem in condemned:
            remove_segment(stem)
        if condemned:
            self._told_s.pop("hours", None)
        for stem, _ in measure(self._root).segments:
            if self._closing.is_set():
                return Tidied()
            if not _is_as_new(stem, open_segment) and is_raw(stem):
                self._compress(stem)
        space = measure(self._root)
        said = warnings(space, self._limits, bytes_per_s)
        return Tidied(too_old(space, self._limits, open_segment), tuple(self._untold(said)))

    def _compress(self, stem: Path) -> None:
        try:
            compress(stem)
        except (OSError, ValueError) as error:
            _LOG.warning("%s stays as it is: %s", stem, error)

    def _untold(self, said: dict[str, str]) -> list[str]:
        """Each once; a disk that is nearly full again each day, or when it is so anew after an hour."""
        now_s = time.monotonic()
        pause_s = _TELL_AGAIN_S if "disk" in said else _TELL_ANEW_S
        if now_s - self._told_s.get("disk", now_s) > pause_s:
            self._told_s.pop("disk")
        new = [about for about in said if about not in self._told_s]
        self._told_s |= dict.fromkeys(new, now_s)
        return [said[about] for about in new]


def _is_as_new(stem: Path, open_segment: Path) -> bool:
    """The segment that was open when the look began, or one that was begun since."""
    return stem.parent == open_segment.parent and stem.name >= open_segment.name
