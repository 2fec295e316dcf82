"""The weights of the vote on bundle branch block, learned from witnesses who never saw the patient.

The shapes' word is by networks of ten folds of patients, the pointer's by those of five; the weights are a
logistic regression over windows in which every patient counts the same. The least probabilities are chosen by
patients, each answered by weights that were learned without him.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from tqdm import tqdm

from edge.block_vote import VOTED, BlockOpinion, BlockVote, numbers_of, read_beats, voted
from edge.evidence import Evidence
from edge.labels import Waveform
from edge.language_bundle import load_language_bundle
from edge.localizer_prompt import LOCATED
from export.evaluation.localization import iou
from export.training.language.block_shapes import UnseenShapes
from export.training.language.pointer_states import Window

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SHARES: Final = (0.6, 0.2, 0.2)
"""Of patients with neither, left and right in what the weights learn from."""

_LEAST: Final = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
_MOST_FALSE: Final = 0.05
"""Of patients without any block, on average over their windows."""

_FOLDS, _SEED = 10, 0
_NO_VOTE: Final = BlockVote(weights=((0.0,) * 5, (0.0,) * 5), bias=(0.0, 0.0), least=(0.5, 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class VoteWindow:
    """One window of one patient: `numbers` `[5]`; `block` is that of most of its beats, 0 for neither."""

    patient: str
    evidence: Evidence
    opinion: BlockOpinion
    numbers: Float64
    block: int
    truth: dict[Waveform, Sequence[tuple[float, float]]]


def learned_vote(windows: Sequence[Window], answers: Sequence[Float32], data: Path) -> BlockVote:
    """`answers` `[waveforms, tenths]` of each window by a pointer that was taught without its patient."""
    known = vote_windows(windows, answers, UnseenShapes(data))
    unseen = unseen_votes(known)
    left, right = (chosen(known, unseen, side) for side in range(len(VOTED)))
    return fitted(known).model_copy(update={"least": (left, right)})


def vote_windows(
    windows: Sequence[Window], answers: Sequence[Float32], shapes: UnseenShapes
) -> list[VoteWindow]:
    """Those of which left and right block are known, and the patient to the shapes."""
    pairs = [pair for pair in zip(windows, answers, strict=True) if set(VOTED) <= set(pair[0].row["known"])]
    found = []
    for window, answer in tqdm(pairs, desc="blocks", unit=" windows"):
        patient = shapes.patient(window.row)
        if patient is not None:
            found.append(_vote_window(window.row, patient, answer, shapes.evidence(window.row)))
    return [one for one in found if one is not None]


def _vote_window(row: dict[str, Any], patient: str, answer: Float32, evidence: Evidence) -> VoteWindow | None:
    left, right = (tuple(answer[LOCATED.index(side)].tolist()) for side in VOTED)
    opinion = BlockOpinion(left, right, _NO_VOTE)
    beats = read_beats(evidence, 0.0, len(left) / 10)
    if not beats:
        return None
    truth = {side: row["spans"].get(side, ()) for side in VOTED}
    block = Counter(_block_at(beat.at_s, truth) for beat in beats).most_common(1)[0][0]
    return VoteWindow(patient, evidence, opinion, numbers_of(beats, opinion, evidence.qrs_ms), block, truth)


def _block_at(at_s: float, truth: dict[Waveform, Sequence[tuple[float, float]]]) -> int:
    inside = (side for side, name in enumerate(VOTED, 1) if any(a <= at_s <= b for a, b in truth[name]))
    return next(inside, 0)


def fitted(windows: Sequence[VoteWindow]) -> BlockVote:
    """Weights; the least probabilities are still to be chosen."""
    numbers = np.stack([window.numbers for window in windows])
    blocks = [window.block for window in windows]
    model = LogisticRegression(C=100, max_iter=1000).fit(numbers, blocks, sample_weight=_shares(windows))
    weights = (model.coef_ - model.coef_[0])[1:].round(4).tolist()
    bias = (model.intercept_ - model.intercept_[0])[1:].round(4).tolist()
    return _NO_VOTE.model_copy(update={"weights": tuple(map(tuple, weights)), "bias": tuple(bias)})


def _shares(windows: Sequence[VoteWindow]) -> Float64:
    """Kinds by `_SHARES`, within a kind each patient the same; about 1,000 in all."""
    kinds = [(window.patient, window.block) for window in windows]
    count = Counter(kinds)
    patients = Counter(block for _, block in count)
    return np.array(
        [1000 * _SHARES[block] / patients[block] / count[patient, block] for patient, block in kinds]
    )


def unseen_votes(windows: Sequence[VoteWindow]) -> list[BlockVote]:
    """For each window a vote that was learned without its patient."""
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    blocks, patients = [window.block for window in windows], [window.patient for window in windows]
    votes = [_NO_VOTE] * len(windows)
    for others, own in folds.split(np.zeros(len(windows)), blocks, patients):
        vote = fitted([windows[i] for i in others])
        for i in own:
            votes[i] = vote
    return votes


def chosen(windows: Sequence[VoteWindow], votes: Sequence[BlockVote], side: int) -> float:
    """The least probability of highest IoU with the block and right silence without it; ties go up."""
    fit = [least for least in _LEAST if scored(windows, votes, side, least).false <= _MOST_FALSE]
    score_of = {least: scored(windows, votes, side, least) for least in fit or _LEAST[:1]}
    return max(score_of, key=lambda least: score_of[least].iou - score_of[least].without)


@dataclass(frozen=True, slots=True)
class VoteScore:
    """Means over patients: IoU of those with the block; how often it is told of those without it.

    `without` are all of these, `false` those with neither block, `other_side` those with the other one.
    """

    iou: float
    without: float
    false: float
    other_side: float


def scored(windows: Sequence[VoteWindow], votes: Sequence[BlockVote], side: int, least: float) -> VoteScore:
    """Of one block."""
    ious, false, other = (defaultdict[str, list[float]](list) for _ in range(3))
    for window, vote in zip(windows, votes, strict=True):
        said = _told(window, vote, side, least)
        truth = window.truth[VOTED[side]]
        if truth:
            ious[window.patient].append(iou(truth, said))
        else:
            (other if window.truth[VOTED[1 - side]] else false)[window.patient].append(bool(said))
    return VoteScore(*(_mean(each) for each in (ious, {**false, **other}, false, other)))


def _told(window: VoteWindow, vote: BlockVote, side: int, least: float) -> list[tuple[float, float]]:
    both = (least, least)
    opinion = BlockOpinion(window.opinion.left, window.opinion.right, vote.model_copy(update={"least": both}))
    found = voted(opinion, window.evidence) or []
    return [(one.start_s, one.end_s) for one in found if one.finding is VOTED[side]]


def _mean(of_patient: dict[str, list[float]]) -> float:
    return fmean(fmean(values) for values in of_patient.values()) if of_patient else 0.0


def write_vote(vote: BlockVote, folder: Path) -> None:
    """Into the pointer's entry of the manifest."""
    manifest = load_language_bundle(folder).manifest
    assert manifest.pointer is not None, "beside a pointer"
    pointer = manifest.pointer.model_copy(update={"blocks": vote})
    told = manifest.model_copy(update={"pointer": pointer})
    (folder / "manifest.json").write_text(told.model_dump_json(indent=2) + "\n")
