"""What the annotators say of one window: where each abnormal waveform is, and which are known at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import wfdb

from edge.beat_spans import Stretch, merged, neighbour_stretches
from edge.labels import AAMI_CLASS_OF_SYMBOL, Waveform

WAVEFORM_OF_SYMBOL = {
    "V": Waveform.VENTRICULAR_BEAT,
    "E": Waveform.VENTRICULAR_BEAT,
    "A": Waveform.SUPRAVENTRICULAR_BEAT,
    "a": Waveform.SUPRAVENTRICULAR_BEAT,
    "J": Waveform.SUPRAVENTRICULAR_BEAT,
    "S": Waveform.SUPRAVENTRICULAR_BEAT,
    "L": Waveform.LEFT_BUNDLE_BRANCH_BLOCK,
    "R": Waveform.RIGHT_BUNDLE_BRANCH_BLOCK,
}
WAVEFORM_OF_NOTE = {
    "(AFIB": Waveform.ATRIAL_FIBRILLATION,
    "(AFL": Waveform.ATRIAL_FLUTTER,
    "(VT": Waveform.VENTRICULAR_TACHYCARDIA,
    "(VFL": Waveform.VENTRICULAR_FIBRILLATION,
    "(B": Waveform.VENTRICULAR_BIGEMINY,
    "(T": Waveform.VENTRICULAR_TRIGEMINY,
    "(SVTA": Waveform.SUPRAVENTRICULAR_RUN,
}
_SHORTEST_S = 0.3  # of a rhythm that the window cuts


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one window: waveforms that are known to be there or not, and where; beats in order of time."""

    duration_s: float
    known: frozenset[Waveform]
    spans: dict[Waveform, list[Stretch]]
    beats_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AnnotatedRecord:
    """Beats and rhythms of a whole record, in seconds."""

    beats_s: tuple[float, ...]
    symbols: tuple[str, ...]
    rhythms: tuple[tuple[Waveform, float, float], ...]
    known: frozenset[Waveform]

    def window(self, start_s: float, duration_s: float) -> Truth:
        """The truth between two times."""
        spans = {w: s for w in self.known if (s := self._stretches(w, start_s, duration_s))}
        inside = [at_s - start_s for at_s in self.beats_s if start_s <= at_s < start_s + duration_s]
        return Truth(duration_s, self.known, spans, tuple(inside))

    def events(self, waveform: Waveform) -> list[Stretch]:
        """Each beat, or stretch of rhythm, in seconds of the record."""
        beats = [
            (at_s, at_s)
            for at_s, symbol in zip(self.beats_s, self.symbols, strict=True)
            if WAVEFORM_OF_SYMBOL.get(symbol) is waveform
        ]
        return beats + [(start, end) for kind, start, end in self.rhythms if kind is waveform]

    def _stretches(self, waveform: Waveform, start_s: float, duration_s: float) -> list[Stretch]:
        chosen = [WAVEFORM_OF_SYMBOL.get(symbol) is waveform for symbol in self.symbols]
        times_s = [at_s - start_s for at_s in self.beats_s]
        spans = neighbour_stretches(times_s, chosen, duration_s) if any(chosen) else []
        for kind, start, end in self.rhythms:
            cut = (max(0.0, start - start_s), min(duration_s, end - start_s))
            if kind is waveform and cut[1] - cut[0] >= _SHORTEST_S:
                spans.append((round(cut[0], 1), round(cut[1], 1)))
        return merged(spans)


def read_annotations(path: str, duration_s: float, known: Sequence[Waveform]) -> AnnotatedRecord:
    """Beats, and rhythms from the notes at which they begin; `[` to `]` is ventricular fibrillation."""
    annotation, fs = wfdb.rdann(path, "atr"), wfdb.rdheader(path).fs
    at_s = (np.asarray(annotation.sample) / fs).tolist()
    beats = [
        (at, symbol)
        for at, symbol in zip(at_s, annotation.symbol, strict=True)
        if symbol in AAMI_CLASS_OF_SYMBOL
    ]
    notes = [
        (at, _note(aux)) for at, aux in zip(at_s, annotation.aux_note, strict=True) if _note(aux)[:1] == "("
    ]
    notes += [
        (at, "(VFL" if symbol == "[" else "(N")
        for at, symbol in zip(at_s, annotation.symbol, strict=True)
        if symbol in "[]"
    ]
    return AnnotatedRecord(
        tuple(at for at, _ in beats),
        tuple(symbol for _, symbol in beats),
        tuple(_rhythms(sorted(notes), duration_s)),
        frozenset(known),
    )


def _note(aux: str) -> str:
    return aux.rstrip("\x00").strip()


def _rhythms(notes: list[tuple[float, str]], duration_s: float) -> list[tuple[Waveform, float, float]]:
    ends = [at for at, _ in notes[1:]] + [duration_s] * bool(notes)
    return [
        (WAVEFORM_OF_NOTE[note], start, end)
        for (start, note), end in zip(notes, ends, strict=True)
        if note in WAVEFORM_OF_NOTE and end > start
    ]
