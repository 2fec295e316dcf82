"""The demo's processes: each a `hearth` subcommand with its log, all ended together."""

import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


class DemoError(Exception):
    """A part of the demo failed; names its log."""

    for_user = True


class Processes:
    """Children that never outlive the demo."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start `hearth ARGUMENTS`, its output in `NAME.log`."""
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 our own command
                [*hearth(), *arguments], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def ended(self, name: str) -> bool:
        """True once the process is over; raises `DemoError` where it failed."""
        status = self._running[name].poll()
        if status:
            log = self._logs / f"{name}.log"
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or [f"status {status}"]
            raise DemoError(f"{name} failed: {last[0]} (all of it: {log})")
        return status is not None

    def check(self, names: Iterable[str]) -> None:
        """Raise `DemoError` if one of these has failed."""
        for name in names:
            self.ended(name)

    def wait_for_line(self, name: str, text: str, timeout_s: float) -> None:
        """Wait until the log of a process holds `text`."""
        log, deadline = self._logs / f"{name}.log", time.monotonic() + timeout_s
        while text not in log.read_text(errors="replace"):
            self.ended(name)
            if time.monotonic() > deadline:
                raise DemoError(f"{name} did not start within {timeout_s:.0f} s (see {log})")
            time.sleep(0.1)

    def stop(self, name: str) -> None:
        """SIGTERM, then SIGKILL for what does not listen."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def hearth() -> list[str]:
    """This installation's own `hearth`."""
    return [sys.executable, "-c", "import sys; from edge.command_line import main; sys.exit(main())"]
