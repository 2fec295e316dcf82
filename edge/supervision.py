"""What the service manager is told: ready, alive, stopping (systemd's notification protocol)."""

import os

from sdnotify import SystemdNotifier


class Supervisor:
    """Says nothing where nobody supervises."""

    def __init__(self) -> None:
        self._notifier = SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None

    def ready(self) -> None:
        """The service runs."""
        self._say("READY=1")

    def alive(self, status: str) -> None:
        """To be said more often than `WatchdogSec`; an edge that does not is restarted."""
        self._say(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """The end is meant."""
        self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(text)
