"""Quick development scores on windows: beats found, their classes, rhythm by second, waves by sample."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import find_peaks
from sklearn.metrics import f1_score, roc_auc_score

from export.model import EcgEncoder
from export.training.losses import Batch
from export.training.rhythms import RHYTHMS

_MATCH_FRAMES = 9  # 150 ms at 64 Hz
_THRESHOLD = 0.25


@torch.no_grad()
def score_windows(model: EcgEncoder, batches: list[Batch]) -> dict[str, float]:
    """Se and +P of beats (Q) and of S and V, AUC of each rhythm, F1 of waves and of records."""
    outputs = [model(batch["ecg_mv"]) for batch in batches]
    heat = np.concatenate([torch.sigmoid(o.beat_logits).numpy() for o in outputs])
    guess = np.concatenate([o.class_logits.argmax(2).numpy() for o in outputs])
    rhythm = np.concatenate([o.rhythm_logits.softmax(2).flatten(0, 1).numpy() for o in outputs])
    wave = np.concatenate([o.wave_logits.argmax(2).numpy().ravel() for o in outputs])
    screen = np.concatenate([o.screen_logits.log_softmax(2).mean(1).argmax(1).numpy() for o in outputs])
    truth = {
        name: np.concatenate([b[name].numpy() for b in batches]) for name in batches[0] if name != "ecg_mv"
    }
    return {
        **_beat_scores(heat, guess, truth),
        **_rhythm_scores(rhythm, truth["rhythms"].ravel()),
        **_wave_scores(wave, truth["waves"].ravel()),
        "screen_f1": _screen_score(screen, truth["screen"]),
    }


def _rhythm_scores(probability: npt.NDArray[np.float32], sets: npt.NDArray[np.integer]) -> dict[str, float]:
    """AUC of each rhythm against seconds that surely are not it, where both are there."""
    scores = {}
    for i, rhythm in enumerate(RHYTHMS):
        surely, surely_not = sets == 1 << i, (sets.astype(int) & (1 << i)) == 0
        if surely.any() and surely_not.any():
            known = surely | surely_not
            auc = roc_auc_score(surely[known], probability[known, i])
            scores[f"auc_{rhythm.lower()}"] = round(float(auc), 4)
    return scores


def _wave_scores(found: npt.NDArray[np.int64], truth: npt.NDArray[np.integer]) -> dict[str, float]:
    """F1 of P, QRS and T by sample."""
    known = truth >= 0
    if not known.any():
        return {}
    each = f1_score(truth[known], found[known], labels=[1, 2, 3], average=None, zero_division=0.0)
    return {f"f1_{name}": round(float(score), 4) for name, score in zip(("p", "qrs", "t"), each, strict=True)}


def _screen_score(found: npt.NDArray[np.int64], truth: npt.NDArray[np.integer]) -> float:
    """Mean F1 of N, A and O, as CinC 2017 defines it."""
    known = truth >= 0
    each = f1_score(truth[known], found[known], labels=[0, 1, 2], average="macro", zero_division=0.0)
    return round(float(each), 4)


def _beat_scores(
    heat: npt.NDArray[np.float32], guess: npt.NDArray[np.int64], truth: dict[str, npt.NDArray[Any]]
) -> dict[str, float]:
    counts = {"q": np.zeros(3), "s": np.zeros(3), "v": np.zeros(3)}
    known = truth["beat_heat"] >= 0
    for row in np.flatnonzero(known.any(1)):
        reference = find_peaks(truth["beat_heat"][row], height=0.8)[0]
        found = find_peaks(np.where(known[row], heat[row], 0), height=_THRESHOLD, distance=13)[0]
        pairs = _match(reference, found)
        counts["q"] += len(pairs), len(reference), len(found)
        for name, code in (("s", 1), ("v", 2)):
            actual, claimed = truth["beat_codes"][row], guess[row]
            both = sum(actual[r] == code and claimed[f] == code for r, f in pairs)
            claims = sum(claimed[f] == code and actual[r] in (0, 1, 2) for r, f in pairs)
            counts[name] += both, np.sum(actual[reference] == code), claims
    scores = {}
    for name, (hits, n_reference, n_found) in counts.items():
        scores[f"{name}_se"] = round(float(hits / max(n_reference, 1)), 4)
        scores[f"{name}_pp"] = round(float(hits / max(n_found, 1)), 4)
    return scores


def _match(reference: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    if not len(found):
        return []
    nearest = found[np.abs(reference[:, None] - found[None]).argmin(1)]
    return [(int(r), int(f)) for r, f in zip(reference, nearest, strict=True) if abs(r - f) <= _MATCH_FRAMES]
