"""The hub's word about itself, written into the database while it runs.

Who looks at the database sees how old that word is: a hub that hangs, was killed, or cannot write shows.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from edge.health import TroubleCode
from edge.health_since import Since
from hub.records import HubStatus
from hub.store import Store

_log: Final = logging.getLogger(__name__)
_EVERY_S: Final = 5.0
_FAREWELL_S: Final = 2.0

Found = Mapping[TroubleCode, str]


class Heartbeat:
    """Runs in a thread of its own from `start` to `stop`; `find` says what is wrong now."""

    def __init__(self, store: Store, find: Callable[[], Found], every_s: float = _EVERY_S) -> None:
        self._store, self._find, self._every_s = store, find, every_s
        self._since = Since()
        self._is_failing = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """The end is meant; that is written too, if it can be without waiting."""
        self._stopping.set()
        self._thread.join(_FAREWELL_S)

    def _run(self) -> None:
        while True:
            self.beat(is_running=True)
            if self._stopping.wait(self._every_s):
                self.beat(is_running=False)
                return

    def beat(self, *, is_running: bool) -> None:
        """One word; where it cannot be written, its absence is the word."""
        now = datetime.now(UTC)
        health = self._since.troubles(self._find(), now)
        try:
            self._store.set_hub(HubStatus(now, is_running, health))
        except SQLAlchemyError as error:
            if not self._is_failing:
                _log.error(
                    "database: %s; nobody sees that the hub runs", getattr(error, "orig", None) or error
                )
            self._is_failing = True
        else:
            self._is_failing = False


def disk_trouble(folder: Path | None, least_free_bytes: float) -> dict[TroubleCode, str]:
    """Of the disk that the database is on; `None` for a database elsewhere."""
    free = free_bytes(folder)
    if free is None or free >= least_free_bytes:
        return {}
    return {"hub_disk_low": f"{free / 1e9:.2f} GB are free (hub.least_free_megabytes)"}


def free_bytes(folder: Path | None) -> int | None:
    """Of the disk that a folder is on; `None` where nobody can say."""
    try:
        disk = os.statvfs(folder) if folder is not None else None
    except OSError:
        return None
    return None if disk is None else disk.f_bavail * disk.f_frsize
