"""Whether this computer's clock tells the time of the world."""

import shutil
import subprocess
import time
from typing import Final

_BUILT: Final = 1_767_225_600  # 2026-01-01: a clock before it was never set
_COMMAND: Final = ("timedatectl", "show", "-p", "NTPSynchronized", "--value")
_TIMEOUT_S: Final = 5.0


def is_set() -> bool:
    """False where the time cannot be true."""
    return time.time() >= _BUILT


def is_synchronised() -> bool | None:
    """Whether a time server keeps it; `None` where nobody here can say. It takes a process."""
    if shutil.which(_COMMAND[0]) is None:
        return None
    try:
        told = subprocess.run(_COMMAND, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(told.stdout.strip())
