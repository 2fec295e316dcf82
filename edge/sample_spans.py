"""Spans of samples of a recording: first index and the index after the last, as a set of samples."""

from collections.abc import Iterable

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same samples in order, in as few spans as there can be; empty ones go."""
    out: list[Span] = []
    for first, stop in sorted(span for span in spans if span[0] < span[1]):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(stop, out[-1][1]))
        else:
            out.append((first, stop))
    return out


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The samples of `spans` that are not in `others`, in order."""
    left, taken = merged(spans), merged(others)
    for first, stop in taken:
        left = [
            part
            for span in left
            for part in ((span[0], min(span[1], first)), (max(span[0], stop), span[1]))
            if part[0] < part[1]
        ]
    return left


def n_samples(spans: Iterable[Span]) -> int:
    """How many samples they hold; they must not overlap."""
    return sum(stop - first for first, stop in spans)
