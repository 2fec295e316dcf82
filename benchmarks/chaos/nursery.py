"""Starts `hearth` subcommands quickly: a process that has imported them already forks one for each.

Each is a process of its own with its own memory, files and sockets: SIGKILL does to it what it does to any.
They live where they can have mounts of their own, and a clock that can be moved, as far as this machine
allows. Spoken over pipes, a line each way: `start FOLDER NAME COMMAND...` gives the process id, `poll PID`
and `wait PID` its exit status (`-` while it runs), `mount FOLDER` and `unmount FOLDER` a small disk.
"""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.chaos.surroundings import clock_library, follow_clock, own_mounts

THREADS: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
_FIRST: Final = ("edge.commands.edge", "edge.service", "hub.commands.hub", "hub.service", "hub.broker")
_SEPARATOR: Final = "\x1f"
_DISK: Final = ("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs")


class Nursery:
    """Use as a context: at its end every process is killed."""

    def __init__(self) -> None:
        self._library_folder = TemporaryDirectory()
        library, mounts = clock_library(Path(self._library_folder.name)), own_mounts()
        self.has_own_disks, self.has_own_clocks = bool(mounts), library is not None
        preload = {"LD_PRELOAD": str(library)} if library else {}
        self._server = subprocess.Popen(
            [*mounts, sys.executable, "-m", "benchmarks.chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, **THREADS, **preload},
        )
        assert self._ask("ready") == "ready"

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin
        with self._server:
            print("end", file=self._server.stdin, flush=True)
        self._library_folder.cleanup()

    def __str__(self) -> str:
        disks = (
            "a tmpfs of their own (ENOSPC)" if self.has_own_disks else "RLIMIT_FSIZE (EFBIG): no mounts here"
        )
        clocks = "are moved" if self.has_own_clocks else "are left alone: no C compiler here"
        return f"disks are filled as {disks}; clocks {clocks}"

    def mount(self, folder: Path) -> None:
        """A small disk of its own for what is started here."""
        assert self._ask("mount", str(folder)) == "0"

    def unmount(self, folder: Path) -> None:
        """The disk goes, with what is on it."""
        assert self._ask("unmount", str(folder)) == "0"

    def seen(self, folder: Path) -> Path:
        """Where this process finds a folder as those that are started here see it."""
        return Path(f"/proc/{self._server.pid}/root{folder.resolve()}") if self.has_own_disks else folder

    def start(self, folder: Path, name: str, *arguments: str) -> int:
        """Run `hearth ARGUMENTS` in the folder, with `NAME.log` and `NAME.clock`; gives the process id."""
        return int(self._ask("start", str(folder), name, *arguments))

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
            case ["start", folder, name, *arguments]:
                pid = _fork(folder, name, arguments)
                children[pid] = None
                print(pid, flush=True)
            case ["poll" | "wait" as how, pid]:
                print(_status(children, int(pid), os.WNOHANG if how == "poll" else 0), flush=True)
            case ["mount", folder]:
                print(subprocess.call([*_DISK, folder]), flush=True)
            case ["unmount", folder]:
                print(subprocess.call(["umount", "-l", folder]), flush=True)
            case ["ready"]:
                print("ready", flush=True)
            case _:
                break
    _kill_all(children)  # also where the one that started us was killed


def _fork(folder: str, name: str, arguments: list[str]) -> int:
    to_log = _pipe_to(Path(folder) / f"{name}.log")
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
        follow_clock(Path(f"{name}.clock"))
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
