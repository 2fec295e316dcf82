"""Files that are there whole or not at all, whatever happens to the process or to the power."""

import os
from pathlib import Path

PART = ".part"


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path`: after a crash the file has its old content or its new, never a part.

    Raises `OSError`, for example when the disk is full; the old content is then still there.
    """
    part = part_of(path)
    try:
        part.write_bytes(content)
        sync_file(part)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    put_in_place(part, path)


def part_of(path: Path) -> Path:
    """Where the file is made before it takes its name."""
    return path.with_name(path.name + PART)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file, which is on the disk whole, its name."""
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names that were given and taken in the folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """What is in the file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
