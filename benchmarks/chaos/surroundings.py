"""What this machine allows the rounds to do to a process: give it a small disk, and move its clock."""

import shutil
import subprocess
from pathlib import Path

_NS_PER_S = 1_000_000_000
_SOURCE = Path(__file__).with_name("moved_clock.c")


def own_mounts() -> tuple[str, ...]:
    """The command that runs another where it can mount; empty where that is not permitted."""
    for command in (("unshare", "-Urm"), ("unshare", "-m")):
        tried = (*command, "mount", "-t", "tmpfs", "tmpfs", "/tmp")
        if shutil.which("unshare") and _succeeds(tried):
            return command
    return ()


def clock_library(folder: Path) -> Path | None:
    """A library that moves the clock of what it is preloaded into; `None` where it cannot be compiled."""
    path, compiler = folder / "moved_clock.so", shutil.which("cc")
    made = compiler and _succeeds(
        (compiler, "-shared", "-fPIC", "-O1", "-o", str(path), str(_SOURCE), "-ldl")
    )
    return path if made else None


def write_clock(path: Path, moved_s: float) -> None:
    """Processes that follow the file see the new time at once."""
    if not path.exists():
        path.write_bytes(bytes(8))
    with path.open("r+b", buffering=0) as file:
        file.write(round(moved_s * _NS_PER_S).to_bytes(8, "little", signed=True))


def follow_clock(path: Path) -> None:
    """To be called in a process that has the library preloaded; nothing happens without it."""
    import ctypes

    call = getattr(ctypes.CDLL(None), "follow_clock", None)
    if call is not None and call(bytes(path)):
        raise OSError(f"{path} cannot be followed")


def _succeeds(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
