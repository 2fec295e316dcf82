"""Zero-shot class scores, and retrieval both ways, on patients held out."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from export.model import EcgEncoder
from export.training.text_pairs import TextPairs
from export.training.text_tower import SentenceEncoder, TextProjection, embedded

PROMPTS = {
    "N": "normal sinus rhythm",
    "AFIB": "atrial fibrillation",
    "AFL": "atrial flutter",
    "SBR": "sinus bradycardia",
    "P": "paced rhythm",
    "VFL": "ventricular fibrillation",
    "NOISE": "unreadable, noisy signal",
    "S": "atrial premature beats",
    "V": "premature ventricular complexes",
    "couplet": "ventricular couplet",
    "bigeminy": "ventricular bigeminy",
    "CRBBB": "complete right bundle branch block",
    "CLBBB": "complete left bundle branch block",
    "NORM": "normal ECG",
}
_FEWEST = 5


@torch.no_grad()
def zero_shot(
    encoder: EcgEncoder,
    projection: TextProjection,
    pairs: TextPairs,
    sentences: SentenceEncoder,
    *,
    measured: bool,
) -> dict[str, float]:
    """AUC of the similarity to each class's prompt; classes with too few windows are left out.

    `measured`: beside the class's name stands what is measured in the window, as in the sentences of
    training; the texts of a window then differ in the name alone. A window without measurements has the name.
    """
    ecg = encoder.window_head(pairs.seconds)
    suffix, scores = " with measurements" if measured else "", {}
    for name, prompt in PROMPTS.items():
        truth = np.array([name in said.findings for said in pairs.reports])
        if min(truth.sum(), (~truth).sum()) >= _FEWEST:
            said_of = [_text(prompt, said.measurements, measured=measured) for said in pairs.reports]
            similarity = (ecg * projection(embedded(sentences, said_of))).sum(dim=1).numpy()
            scores[f"zero-shot AUC {name}{suffix}"] = round(float(roc_auc_score(truth, similarity)), 4)
    scores[f"zero-shot AUC mean{suffix}"] = round(float(np.mean(list(scores.values()))), 4)
    return scores


@torch.no_grad()
def retrieval(
    encoder: EcgEncoder,
    projection: TextProjection,
    pairs: TextPairs,
    sentences: SentenceEncoder,
    *,
    measured: bool,
) -> dict[str, float]:
    """R@1, 5 and 10 in percent: own pair among all, and any pair of the same findings among all."""
    texts = [_text(said.words, said.measurements, measured=measured) for said in pairs.reports]
    similarity = encoder.window_head(pairs.seconds) @ projection(sentences(texts)).T
    own = torch.eye(len(texts), dtype=torch.bool)
    findings = [said.findings for said in pairs.reports]
    same = torch.tensor([[a == b for b in findings] for a in findings])
    suffix = " with measurements" if measured else ""
    scores = {}
    for way, table in (("ECG to text", similarity), ("text to ECG", similarity.T)):
        for what, right in (("own", own), ("same findings", same)):
            for k in (1, 5, 10):
                scores[f"R@{k} {way}, {what}{suffix}"] = _recall(table, right, k)
    return scores


def _text(words: str, measurements: str, *, measured: bool) -> str:
    return f"{words}. {measurements}" if measured else words


def _recall(similarity: Tensor, right: Tensor, k: int) -> float:
    best = similarity.topk(k, dim=1).indices
    return round(100 * float(right.gather(1, best).any(dim=1).float().mean()), 2)
