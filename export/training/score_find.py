"""How well texts find windows of held-out patients: zero-shot AUC a class, and retrieval both ways."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from export.training.find_concepts import CONCEPTS, NO, YES
from export.training.find_phrases import known_phrases, new_phrases
from export.training.find_texts import measured
from export.training.find_windows import FindWindows
from export.training.score_align import PROMPTS

Embed = Callable[[Sequence[str]], Tensor]
Scores = dict[str, float]

_FEWEST = 5
_COMPARED = 1000


@torch.no_grad()
def scores(ecg: Tensor, embed: Embed, windows: FindWindows) -> Scores:
    """All of them; `ecg` `[windows, width]` and what `embed` gives are of unit length."""
    return {
        **_prompts(ecg, embed, windows),
        **_concepts(ecg, embed, windows, new_phrases, "new words"),
        **_concepts(ecg, embed, windows, known_phrases, "known words"),
        **_retrieval(ecg, embed, windows, with_numbers=False),
        **_retrieval(ecg, embed, windows, with_numbers=True),
    }


def _prompts(ecg: Tensor, embed: Embed, windows: FindWindows) -> Scores:
    """As `score_align` does it: the class's name against the findings of a sentence about the window."""
    said = windows.findings != ""
    similarity = (ecg @ embed(list(PROMPTS.values())).T).numpy()[said]
    found = [set(findings.split("|")) for findings in windows.findings[said].tolist()]
    aucs: Scores = {}
    for column, name in enumerate(PROMPTS):
        truth = np.array([name in findings for findings in found])
        if min(truth.sum(), (~truth).sum()) >= _FEWEST:
            aucs[f"AUC by name {name}"] = round(float(roc_auc_score(truth, similarity[:, column])), 4)
    return aucs | {"AUC by name, mean": round(float(np.mean(list(aucs.values()))), 4)}


def _concepts(
    ecg: Tensor, embed: Embed, windows: FindWindows, phrases: Callable[[str], Sequence[str]], which: str
) -> Scores:
    """Mean over the phrases of a concept, where it is known whether it is there."""
    aucs: Scores = {}
    for column, name in enumerate(CONCEPTS):
        truth = windows.concepts[:, column]
        if min((truth == YES).sum(), (truth == NO).sum()) < _FEWEST:
            continue
        similarity, known = (ecg @ embed(list(phrases(name))).T).numpy(), truth >= 0
        each = [roc_auc_score(truth[known] == YES, one) for one in similarity[known].T]
        aucs[f"AUC, {which}, {name}"] = round(float(np.mean(each)), 4)
    return aucs | {f"AUC, {which}, mean": round(float(np.mean(list(aucs.values()))), 4)}


def _retrieval(ecg: Tensor, embed: Embed, windows: FindWindows, *, with_numbers: bool) -> Scores:
    """R@1, 5 and 10 in percent: own pair, and any pair of the same findings, among a thousand."""
    rows = np.flatnonzero(windows.words != "")[:_COMPARED]
    words, numbers = windows.words[rows].tolist(), windows.measurements[rows].tolist()
    similarity = (
        ecg[torch.from_numpy(rows)] @ embed(list(map(measured, words, numbers)) if with_numbers else words).T
    )
    own, findings = torch.eye(len(rows), dtype=torch.bool), windows.findings[rows]
    same = torch.from_numpy(findings[:, None] == findings[None, :])
    suffix = " with measurements" if with_numbers else ""
    return {
        f"R@{k} {way}, {what}{suffix}": _recall(table, right, k)
        for way, table in (("ECG to text", similarity), ("text to ECG", similarity.T))
        for what, right in (("own", own), ("same findings", same))
        for k in (1, 5, 10)
    }


def _recall(similarity: Tensor, right: Tensor, k: int) -> float:
    best = similarity.topk(k, dim=1).indices
    return round(100 * float(right.gather(1, best).any(dim=1).float().mean()), 2)
