"""Stretches on a strip that beats make: ectopy, and the patterns of it."""

from collections.abc import Sequence

from edge.evidence import EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Waveform

Stretch = tuple[float, float]

_WAVEFORM_OF_CLASS = {
    BeatClass.VENTRICULAR: Waveform.VENTRICULAR_BEAT,
    BeatClass.SUPRAVENTRICULAR: Waveform.SUPRAVENTRICULAR_BEAT,
}


def ectopy_spans(beats: Sequence[EvidenceBeat], duration_s: float) -> list[EvidenceSpan]:
    """Where ventricular and supraventricular beats are; see `neighbour_stretches`."""
    times_s = [beat.at_s for beat in beats]
    spans = []
    for beat_class, waveform in _WAVEFORM_OF_CLASS.items():
        chosen = [beat.beat_class is beat_class for beat in beats]
        stretches = neighbour_stretches(times_s, chosen, duration_s)
        spans += [EvidenceSpan(waveform, start, end) for start, end in stretches]
    return spans


def neighbour_stretches(times_s: Sequence[float], chosen: Sequence[bool], duration_s: float) -> list[Stretch]:
    """From the R peak before a chosen beat to the R peak after it, merged where they meet, in 0.1 s.

    Beats before 0 and after `duration_s` count as neighbours, and are cut off. (anyECG-chat's rule.)
    """
    stretches = []
    for i, is_chosen in enumerate(chosen):
        if is_chosen and 0 <= times_s[i] < duration_s:
            start = times_s[i - 1] if i else 0.0
            end = times_s[i + 1] if i + 1 < len(times_s) else duration_s
            stretches.append((max(0.0, start), min(duration_s, end)))
    return [(round(start, 1), round(end, 1)) for start, end in merged(stretches)]


def merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Sorted, with those that touch or overlap made one."""
    whole: list[Stretch] = []
    for start, end in sorted(stretches):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole
