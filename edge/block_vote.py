"""Bundle branch block by both together: the shapes of the beats, and where the language model points.

Either alone tells few patients apart; weighed together they tell twice as many at the same price (see
docs/adr/0015-bundle-branch-block-is-a-vote.md). Five numbers of a window are weighed, for all of its
conducted beats together: left and right by shape, left and right by pointing, and the width of the QRS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from edge.beat_spans import neighbour_stretches
from edge.events import LocalizedFinding
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import Waveform

Float64 = npt.NDArray[np.float64]

VOTED: Final = (Waveform.LEFT_BUNDLE_BRANCH_BLOCK, Waveform.RIGHT_BUNDLE_BRANCH_BLOCK)
_SUREST: Final = 1e-3  # and 1 less this: one witness alone does not decide
_BEFORE_S, _AFTER_S = 0.4, 0.5
_USUAL_QRS_MS, _QRS_STEP_MS = 95.0, 20.0


class BlockVote(BaseModel):
    """Weights `[left and right][five numbers]` and biases of log odds, and least probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: tuple[tuple[float, ...], tuple[float, ...]]
    bias: tuple[float, float]
    least: tuple[float, float]


@dataclass(frozen=True, slots=True)
class BlockOpinion:
    """What the pointer gives left and right block in each tenth of a second, and how to weigh that."""

    left: tuple[float, ...]
    right: tuple[float, ...]
    vote: BlockVote


def voted(opinion: BlockOpinion, evidence: Evidence, start_s: float = 0.0) -> list[LocalizedFinding] | None:
    """Stretches of the likelier block, `opinion` beginning at `start_s`; `None` if no shape was read."""
    beats = read_beats(evidence, start_s, start_s + len(opinion.left) / 10)
    if not beats:
        return None
    sure = probabilities(opinion.vote, numbers_of(beats, opinion, evidence.qrs_ms, start_s))
    side = int(sure.argmax())
    if sure[side] < opinion.vote.least[side]:
        return []
    return _findings(VOTED[side], beats, round(float(sure[side]), 4), evidence)


def read_beats(evidence: Evidence, first_s: float, stop_s: float) -> list[EvidenceBeat]:
    """Those of a stretch that were read by shape."""
    return [beat for beat in evidence.beats if beat.blocks and first_s <= beat.at_s < stop_s]


def numbers_of(
    beats: Sequence[EvidenceBeat], opinion: BlockOpinion, qrs_ms: float | None, start_s: float = 0.0
) -> Float64:
    """`[5]`: log odds are means over the beats."""
    tenths = np.array([opinion.left, opinion.right], np.float64)
    shape = _log_odds(np.array([beat.blocks for beat in beats], np.float64))
    pointed = _log_odds(np.array([_around(tenths, beat.at_s - start_s) for beat in beats]))
    width = ((qrs_ms or _USUAL_QRS_MS) - _USUAL_QRS_MS) / _QRS_STEP_MS
    return np.concatenate([shape.mean(axis=0), pointed.mean(axis=0), [width]])


def probabilities(vote: BlockVote, numbers: Float64) -> Float64:
    """`[2]` of left and right."""
    odds = np.exp(np.array(vote.weights) @ numbers + np.array(vote.bias))
    return np.asarray(odds / (1 + odds.sum()), np.float64)


def _findings(
    block: Waveform, beats: Sequence[EvidenceBeat], sure: float, evidence: Evidence
) -> list[LocalizedFinding]:
    """From the R peak before to the R peak after each beat that was read."""
    told, times_s = {beat.at_s for beat in beats}, [beat.at_s for beat in evidence.beats]
    return [
        LocalizedFinding(
            finding=block,
            start_s=start_s,
            end_s=end_s,
            confidence=sure,
            seen_by=("encoder", "language_model"),
        )
        for start_s, end_s in neighbour_stretches(
            times_s, [at_s in told for at_s in times_s], evidence.duration_s
        )
        if start_s < end_s
    ]


def _around(tenths: Float64, at_s: float) -> Float64:
    first = max(0, round(10 * (at_s - _BEFORE_S)))
    return np.asarray(
        tenths[:, first : max(first + 1, round(10 * (at_s + _AFTER_S)))].mean(axis=1), np.float64
    )


def _log_odds(probability: Float64) -> Float64:
    clear = probability.clip(_SUREST, 1 - _SUREST)
    return np.asarray(np.log(clear / (1 - clear)), np.float64)
