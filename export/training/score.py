"""Quick development scores on windows: beats found, classes at annotated beats, AF and quality by second."""

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import find_peaks
from sklearn.metrics import roc_auc_score

from export.model import EcgEncoder
from export.training.losses import Batch

_MATCH_FRAMES = 9  # 150 ms at 64 Hz
_THRESHOLD = 0.25


@torch.no_grad()
def score_windows(model: EcgEncoder, batches: list[Batch]) -> dict[str, float]:
    """Sensitivity and positive predictivity of beats (Q) and of S and V; AUC of AF and of quality."""
    outputs = [model(batch["ecg_mv"]) for batch in batches]
    heat = np.concatenate([torch.sigmoid(o.beat_logits).numpy() for o in outputs])
    guess = np.concatenate([o.class_logits.argmax(2).numpy() for o in outputs])
    af = np.concatenate([o.rhythm_logits.softmax(2)[..., 1].numpy().ravel() for o in outputs])
    truth = {
        name: np.concatenate([b[name].numpy() for b in batches]) for name in batches[0] if name != "ecg_mv"
    }
    known = truth["rhythm"].ravel() >= 0
    return {
        **_beat_scores(heat, guess, truth),
        "af_auc": round(float(roc_auc_score(truth["rhythm"].ravel()[known], af[known])), 4),
    }


def _beat_scores(
    heat: npt.NDArray[np.float32], guess: npt.NDArray[np.int64], truth: dict[str, npt.NDArray[np.generic]]
) -> dict[str, float]:
    counts = {"q": np.zeros(3), "s": np.zeros(3), "v": np.zeros(3)}
    for row in np.flatnonzero(truth["has_beats"]):
        reference = find_peaks(truth["beat_heat"][row], height=0.8)[0]
        found = find_peaks(heat[row], height=_THRESHOLD, distance=13)[0]
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
