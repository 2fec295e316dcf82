"""Durations as the reference tools write them."""


def milliseconds(samples: int, fs_hz: float) -> int:
    """Whole milliseconds, halves up."""
    seconds = int(samples / fs_hz)
    return seconds * 1000 + int((samples - seconds * fs_hz) * 1000 / fs_hz + 0.5)


def clock_text(duration_ms: int) -> str:
    """`hh:mm:ss.mmm`, or `mm:ss.mmm` below an hour; 12 wide."""
    seconds, ms = divmod(duration_ms, 1000)
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:2d}:{m:02d}:{s:02d}.{ms:03d}" if hours else f"   {m:2d}:{s:02d}.{ms:03d}"


def short_clock_text(duration_ms: int) -> str:
    """The same, but nothing is `0.000`."""
    return clock_text(duration_ms) if duration_ms else "       0.000"
