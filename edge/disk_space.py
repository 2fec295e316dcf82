"""How much the recordings take, how much is left for them, and when somebody has to know."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.segment_files import SUFFIXES

_GB, _HOUR_S = 1e9, 3600.0


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """`max_bytes` for all recordings; `reserve_bytes` of the disk are left to what else must be written.

    A person is told once `warn_share` of the recordings' bytes are used, and when less than `warn_hours`
    are left at the rate at which is written now. Whoever makes room makes `freed_share` of it.
    """

    max_bytes: int = 8_000_000_000
    reserve_bytes: int = 256_000_000
    warn_share: float = 0.8
    warn_hours: float = 24.0
    freed_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of each segment on disk, oldest first, and what the disk has free."""

    segments: tuple[tuple[Path, int], ...]
    free_bytes: int

    @classmethod
    def of_disk(cls, root: Path) -> "Space":
        """The disk alone, without a look at the recordings; raises `OSError`."""
        disk = os.statvfs(root)
        return cls((), disk.f_bavail * disk.f_frsize)

    @property
    def used_bytes(self) -> int:
        """Of all segments."""
        return sum(size for _, size in self.segments)


def measure(root: Path) -> Space:
    """What is under a folder of recordings."""
    return Space(tuple(_sizes(root)), Space.of_disk(root).free_bytes)


def _sizes(root: Path) -> Iterator[tuple[Path, int]]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        sizes: dict[str, int] = {}
        for file in os.scandir(folder):
            name, dot, suffix = file.name.partition(".")
            if name.isdecimal() and dot + suffix in SUFFIXES:
                sizes[name] = sizes.get(name, 0) + _size(file)
        yield from ((folder / name, sizes[name]) for name in sorted(sizes))


def _size(file: os.DirEntry[str]) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def too_old(space: Space, limits: SpaceLimits, keep: Path | None) -> tuple[Path, ...]:
    """The oldest segments, as many as have to go for the recordings to keep to `max_bytes` for a while."""
    excess = space.used_bytes - limits.max_bytes
    if excess <= 0:
        return ()
    excess += round(limits.freed_share * limits.max_bytes)
    chosen = []
    for stem, size in space.segments:
        if excess <= 0 or stem == keep:
            break
        chosen.append(stem)
        excess -= size
    return tuple(chosen)


def warnings(space: Space, limits: SpaceLimits, bytes_per_s: float) -> dict[str, str]:
    """What a person should know now, by what it is about: `share`, `hours` or `disk`."""
    told = {}
    used, left = space.used_bytes, limits.max_bytes - space.used_bytes
    if used >= limits.warn_share * limits.max_bytes:
        told["share"] = (
            f"recordings take {used / _GB:.2f} of {limits.max_bytes / _GB:.2f} GB (storage.max_gigabytes)"
        )
    if 0 <= left < limits.warn_hours * _HOUR_S * bytes_per_s:
        hours = left / bytes_per_s / _HOUR_S
        told["hours"] = f"the oldest recordings will be removed in {hours:.1f} h (storage.max_gigabytes)"
    free = space.free_bytes - limits.reserve_bytes
    if free < limits.warn_hours * _HOUR_S * bytes_per_s:
        hours = max(0.0, free / bytes_per_s / _HOUR_S)
        told["disk"] = (
            f"the disk has {space.free_bytes / _GB:.2f} GB left:"
            f" raw ECG can be recorded for {hours:.1f} h, then it is only analysed"
        )
    return told
