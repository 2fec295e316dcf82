"""Finds the frames in a byte stream, and its feet again after damage."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.packets import Damage

_MOST_UNTOLD_BYTES = 4096


def _always_next(_head: bytes, _later_head: bytes) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """What tells a frame from noise.

    `size(head)` is the length of the frame that begins with these `head_bytes` bytes, 0 where none does;
    `is_whole(frame)` checks what stands at its end. Where that is little (`n_followers` above 0), a frame
    counts only in company: it continues the one before it, or so many continue it; `steps(head, later_head)`
    is how many frames their counters are apart. Bytes in `idle` may stand between two frames.
    """

    head_bytes: int
    size: Callable[[bytes], int]
    is_whole: Callable[[bytes], bool]
    steps: Callable[[bytes, bytes], int] = _always_next
    n_followers: int = 0
    idle: bytes = b""


class FrameCutter:
    """A byte stream in any cut; holds back a few frames at most."""

    def __init__(self, frame_format: FrameFormat) -> None:
        self._format = frame_format
        self._pending = bytearray()
        self._skipped = 0
        self._before: bytes | None = None
        """Head of the frame that ended where the pending bytes begin."""

    def cut(self, payload: bytes) -> list[bytes | Damage]:
        """Whole frames, and the bytes between them as `Damage`."""
        self._pending += payload
        found: list[bytes | Damage] = []
        while (size := self._next_size()) is not None:
            if size:
                found += [*self._damage(), self._taken(size)]
            else:
                del self._pending[:1]
                self._skipped += 1
                self._before = None
                found += self._damage() if self._skipped >= _MOST_UNTOLD_BYTES else []
        return found

    def reset(self) -> None:
        """Forget what was cut by a broken link."""
        self._pending.clear()
        self._skipped = 0
        self._before = None

    def _damage(self) -> list[Damage]:
        skipped, self._skipped = self._skipped, 0
        return [Damage(skipped, "bytes between frames")] if skipped else []

    def _taken(self, size: int) -> bytes:
        frame = bytes(self._pending[:size])
        del self._pending[:size]
        self._before = frame[: self._format.head_bytes]
        return frame

    def _next_size(self) -> int | None:
        """Length of the frame that begins here; 0 if none does, `None` if more bytes must tell."""
        if self._format.idle and not self._skipped:
            self._pending = self._pending.lstrip(self._format.idle)
        size = self._size_at(0)
        if not size:
            return size
        if len(self._pending) < size:
            return None
        if not self._format.is_whole(bytes(self._pending[:size])):
            return 0
        if self._before is not None and self._format.steps(self._before, self._head(0)) == 1:
            return self._undoubted(size)
        return self._confirmed(size)

    def _head(self, at: int) -> bytes:
        return bytes(self._pending[at : at + self._format.head_bytes])

    def _size_at(self, at: int) -> int | None:
        head = self._head(at)
        return self._format.size(head) if len(head) == self._format.head_bytes else None

    def _undoubted(self, size: int) -> int | None:
        """A frame in its place counts at once, unless those behind it show that bytes are missing in it."""
        following = self._size_at(size)
        if not self._format.n_followers or following is None or self._are_apart(0, size, 1):
            return size
        after = size + (following or size)
        if not self._size_at(after):
            return self._size_at(after)
        return size if self._are_apart(0, after, 2) or self._are_apart(size, after, 1) else 0

    def _are_apart(self, at: int, later: int, steps: int) -> bool:
        is_frame = self._size_at(at) and self._size_at(later)
        return bool(is_frame) and self._format.steps(self._head(at), self._head(later)) == steps

    def _confirmed(self, size: int) -> int | None:
        """A frame out of the blue, or after a gap, counts once enough others continue it."""
        head, at = self._head(0), size
        for _ in range(self._format.n_followers):
            following = self._size_at(at)
            if not following:
                return following
            if self._format.steps(head, self._head(at)) != 1:
                return 0
            head, at = self._head(at), at + following
        return size
