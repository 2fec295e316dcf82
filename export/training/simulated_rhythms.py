"""Rhythms by rule: atrial beats and runs at any base rate, and what must not be taken for them.

Few annotated records hold a slow sinus node with long atrial runs, or a block of every second beat, where
the short intervals are the normal ones. RR in seconds, class codes of `BEAT_CLASSES` (0 N, 1 S).
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

_N, _S = 0, 1
_N_BEATS = 700
Beats = Iterator[tuple[float, int]]


def simulated_rhythm(rng: np.random.Generator) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Intervals and classes of one imagined patient."""
    kind = _KINDS[rng.integers(len(_KINDS))]
    beats = kind(rng)
    rows = [next(beats) for _ in range(_N_BEATS)]
    rr_s = np.array([rr for rr, _ in rows]) * np.exp(rng.normal(0, 0.012, _N_BEATS))
    return rr_s.clip(0.28, 6.0), np.array([code for _, code in rows], np.int8)


def _ectopy(rng: np.random.Generator) -> Beats:
    """Sinus rhythm with premature atrial beats, alone, in pairs, in runs, or in bigeminy."""
    base, coupling = rng.uniform(0.6, 1.1), rng.uniform(0.5, 0.82)
    rate, run = rng.choice([0.02, 0.08, 0.2, 0.45]), rng.choice([1.1, 1.6, 4.0])
    spread = rng.uniform(0.01, 0.06)
    while True:
        base = float(np.clip(base * np.exp(rng.normal(0, 0.005)), 0.5, 1.3))
        yield base * np.exp(rng.normal(0, spread)), _N
        if rng.random() < rate:
            for _ in range(rng.geometric(1 / run)):
                yield base * coupling * np.exp(rng.normal(0, 0.03)), _S
            yield base * rng.uniform(0.95, 1.5), _N


def _slow_and_fast(rng: np.random.Generator) -> Beats:
    """A slow sinus node with atrial runs, after each a pause."""
    base, fast = rng.uniform(1.2, 2.3), rng.uniform(0.45, 0.85)
    run, alone = rng.choice([2.0, 4.0, 12.0]), rng.uniform(0.05, 0.5)
    while True:
        yield base * np.exp(rng.normal(0, 0.08)), _N
        if rng.random() < alone:
            continue
        for _ in range(rng.geometric(1 / run)):
            yield fast * np.exp(rng.normal(0, 0.025)), _S


def _block(rng: np.random.Generator) -> Beats:
    """Beats dropped between atria and ventricles: intervals of one, two or three times the base."""
    base, dropped = rng.uniform(0.6, 1.05), rng.choice([0.03, 0.15, 0.35, 0.6, 0.95])
    lasting = rng.choice([1.0, 20.0])
    is_dropping = False
    while True:
        base = float(np.clip(base * np.exp(rng.normal(0, 0.004)), 0.55, 1.2))
        if rng.random() < 1 / lasting:
            is_dropping = rng.random() < dropped
        times = 1 + is_dropping * (1 + (rng.random() < 0.05))
        yield times * base * np.exp(rng.normal(0, 0.02)) * (0.96 if times > 1 else 1.0), _N


def _breathing(rng: np.random.Generator) -> Beats:
    """Sinus arrhythmia, from slight to strong, with the breath."""
    base, depth = rng.uniform(0.65, 1.3), rng.uniform(0.03, 0.3)
    period_s, at_s = rng.uniform(2.5, 7.0), 0.0
    while True:
        rr = base * (1 + depth * np.sin(2 * np.pi * at_s / period_s)) * np.exp(rng.normal(0, 0.02))
        at_s += rr
        yield float(rr), _N


def _pauses(rng: np.random.Generator) -> Beats:
    """Sinus rhythm that now and then stops, and slows down and speeds up in between."""
    base, rate = rng.uniform(0.6, 1.2), rng.choice([0.005, 0.03, 0.1])
    while True:
        base = float(np.clip(base * np.exp(rng.normal(0, 0.03)), 0.4, 1.6))
        yield base * (rng.uniform(1.4, 3.5) if rng.random() < rate else 1.0), _N


_KINDS: tuple[Callable[[np.random.Generator], Beats], ...] = (
    _ectopy,
    _ectopy,
    _slow_and_fast,
    _slow_and_fast,
    _block,
    _breathing,
    _pauses,
)
