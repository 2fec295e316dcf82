"""Starts `hearth` subcommands quickly: a process that has imported them already forks one for each.

Each is a process of its own with its own memory, files and sockets: SIGKILL does to it what it does to any.
Spoken over pipes, a line each way: `start LOG COMMAND...` gives the process id, `poll PID` and `wait PID` its
exit status (`-` while it runs).
"""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

THREADS: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
_FIRST: Final = ("edge.commands.edge", "edge.service", "hub.commands.hub", "hub.service", "hub.broker")
_SEPARATOR: Final = "\x1f"


class Nursery:
    """Use as a context: at its end every process is killed."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, **THREADS},
        )

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        with self._server:
            self._ask("end")

    def start(self, folder: Path, log: str, *arguments: str) -> int:
        """Run `hearth ARGUMENTS` in the folder; gives the process id."""
        return int(self._ask("start", str(folder), log, *arguments))

    def poll(self, pid: int) -> int | None:
        """The exit status, below zero for a signal; `None` while it runs."""
        status = self._ask("poll", str(pid))
        return None if status == "-" else int(status)

    def wait(self, pid: int) -> int:
        """The exit status, once it has ended."""
        return int(self._ask("wait", str(pid)))

    def _ask(self, *words: str) -> str:
        assert self._server.stdin
        assert self._server.stdout
        print(_SEPARATOR.join(words), file=self._server.stdin, flush=True)
        return self._server.stdout.readline().strip()


def _serve() -> None:
    for module in _FIRST:
        import_module(module)
    children: dict[int, int | None] = {}
    for line in sys.stdin:
        match line.rstrip("\n").split(_SEPARATOR):
            case ["start", folder, log, *arguments]:
                pid = _fork(folder, log, arguments)
                children[pid] = None
                print(pid, flush=True)
            case ["poll" | "wait" as how, pid]:
                print(_status(children, int(pid), os.WNOHANG if how == "poll" else 0), flush=True)
            case _:
                _kill_all(children)
                print("ended", flush=True)
                return


def _fork(folder: str, log: str, arguments: list[str]) -> int:
    to_log = _pipe_to(Path(folder) / log)
    pid = os.fork()
    if pid:
        os.close(to_log)
        return pid
    status = 1
    try:
        os.chdir(folder)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((nothing, 0), (to_log, 1), (to_log, 2)):
            os.dup2(file, number)
        status = _run(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 the child must not go on as its parent
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _pipe_to(log: Path) -> int:
    """A pipe whose end writes the log: so it goes on where the child's own files cannot grow."""
    out, into = os.pipe()
    with log.open("ab") as file:
        subprocess.Popen(["cat"], stdin=out, stdout=file)
    os.close(out)
    return into


def _run(arguments: list[str]) -> int:
    from edge.command_line import main

    return main(arguments) or 0


def _status(children: dict[int, int | None], pid: int, flags: int) -> str:
    if children.get(pid) is None:
        done, status = os.waitpid(pid, flags)
        if not done:
            return "-"
        children[pid] = os.waitstatus_to_exitcode(status)
    return str(children[pid])


def _kill_all(children: dict[int, int | None]) -> None:
    import signal

    for pid, status in children.items():
        if status is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    _serve()
