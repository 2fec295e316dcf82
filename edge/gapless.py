"""The longest stretch of a window without a gap, and what was measured there.

Times of the stretch count from its own first sample; `shifted_text` and `shifted` bring them back to those of
the window.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edge.events import LocalizedFinding
from edge.evidence import Evidence
from edge.labels import Waveform
from edge.raw_ecg import RawEcg
from edge.recorded_window import RecordedWindow

_TENTHS: Final = 1
_TIME: Final = r"\d+(?:\.\d+)?"
_TIMES: Final = re.compile(rf"(?<![\w.])({_TIME})(?:(-| to )({_TIME}))?(?= s(?:ec|econds?)?\b)")


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Whole seconds of at most three leads; `start_s` is where it begins, from the window's first sample."""

    ecg: RawEcg
    start_s: float

    @property
    def seconds(self) -> int:
        """Its length."""
        return int(len(self.ecg.ecg_uv) / self.ecg.fs_hz)


def longest_stretch(window: RecordedWindow) -> Stretch:
    """The first of equals."""
    stretches = [[window.blocks[0]]]
    for block in window.blocks[1:]:
        if block.first_index != stretches[-1][-1].stop_index:
            stretches.append([])
        stretches[-1].append(block)
    blocks = max(stretches, key=lambda blocks: blocks[-1].stop_index - blocks[0].first_index)
    ecg_uv = np.concatenate([block.ecg_uv for block in blocks])
    n = int(int(len(ecg_uv) / window.fs_hz) * window.fs_hz)
    ecg = RawEcg(ecg_uv[:n, :3].astype(np.int32), window.fs_hz, window.leads[:3])
    return Stretch(ecg, (blocks[0].first_index - window.blocks[0].first_index) / window.fs_hz)


def evidence_in(stretch: Stretch, evidence: Evidence) -> Evidence:
    """Beats and spans of the stretch, in its own seconds; intervals are those of the whole window."""
    start_s, duration_s = stretch.start_s, float(stretch.seconds)
    beats = (replace(beat, at_s=round(beat.at_s - start_s, 3)) for beat in evidence.beats)
    spans = tuple(
        replace(span, start_s=begin, end_s=end)
        for span in evidence.spans
        for begin in [round(max(0.0, span.start_s - start_s), _TENTHS)]
        for end in [round(min(duration_s, span.end_s - start_s), _TENTHS)]
        if begin < end
    )
    unreadable_s = sum(one.end_s - one.start_s for one in spans if one.waveform is Waveform.UNREADABLE)
    return replace(
        evidence,
        duration_s=duration_s,
        beats=tuple(beat for beat in beats if 0 <= beat.at_s < duration_s),
        spans=spans,
        readable_s=duration_s - unreadable_s,
    )


def shifted(findings: Iterable[LocalizedFinding], by_s: float) -> list[LocalizedFinding]:
    """Later by so much."""
    return [
        one.model_copy(
            update={"start_s": round(one.start_s + by_s, _TENTHS), "end_s": round(one.end_s + by_s, _TENTHS)}
        )
        for one in findings
    ]


def shifted_text(text: str, by_s: float) -> str:
    """Every time in seconds later by so much: `V at 1.9-3.1 s` by 4 is `V at 5.9-7.1 s`."""

    def later(found: re.Match[str]) -> str:
        first, between, second = found.groups()
        times = [f"{float(time) + by_s:.1f}" for time in (first, second) if time is not None]
        return (between or "").join(times)

    return _TIMES.sub(later, text) if by_s else text
