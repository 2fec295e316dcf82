"""The edge's folder of a household: a small file system of its own that can be filled to the last byte.

Where processes cannot have a mount of their own, the kernel is told to let no file of the edge grow: EFBIG,
as a full disk gives ENOSPC.
"""

import errno
import os
import resource
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.nursery import Nursery

OUTBOX = "outbox.sqlite"
_BALLAST = "ballast"


class EdgeDisk:
    """`path` is where this process finds the folder."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self._folder, self._nursery = folder, nursery
        folder.mkdir(parents=True)
        if nursery.has_own_disks:
            nursery.mount(folder)
        self.path = nursery.seen(folder)
        self.is_full = False

    def remove(self) -> None:
        """All of it is gone; nothing may use it any more."""
        if self._nursery.has_own_disks:
            self._nursery.unmount(self._folder)

    def fill(self, edge_pid: int | None) -> None:
        """From now on the disk takes nothing; what the edge frees is taken too, at `keep_full`."""
        self.is_full = True
        if not self._nursery.has_own_disks:
            _limit(edge_pid, 0)
        self.keep_full()

    def keep_full(self) -> None:
        """Take what is free."""
        if not self.is_full or not self._nursery.has_own_disks:
            return
        with (self.path / _BALLAST).open("ab") as ballast:
            disk = os.statvfs(self.path)
            free_bytes = disk.f_bavail * disk.f_frsize
            if free_bytes:
                _take(ballast.fileno(), free_bytes, disk.f_frsize)

    def empty(self, edge_pid: int | None) -> None:
        """There is room again."""
        self.is_full = False
        if self._nursery.has_own_disks:
            (self.path / _BALLAST).unlink(missing_ok=True)
        else:
            _limit(edge_pid, resource.RLIM_INFINITY)

    def copy_of_outbox(self) -> TemporaryDirectory[str]:
        """The outbox as it is, to be opened there: SQLite would resolve `path` to what this process sees."""
        copy = TemporaryDirectory()
        for path in self.path.glob(f"{OUTBOX}*"):
            shutil.copy(path, copy.name)
        return copy


def _take(file: int, n_bytes: int, page_bytes: int) -> None:
    """Somebody else may take some of it meanwhile."""
    size = os.fstat(file).st_size
    while n_bytes >= page_bytes:
        try:
            os.posix_fallocate(file, size, n_bytes)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            n_bytes -= page_bytes
        else:
            return


def _limit(pid: int | None, n_bytes: int) -> None:
    if pid is not None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, hard))
