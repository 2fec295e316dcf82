"""Development scores of the sequence model on whole records: S and V by source, AF by beat."""

import numpy as np
import numpy.typing as npt
import torch

from export.sequence_model import BeatSequence
from export.training.beat_sequences import BeatSequenceRecord

_S, _V = 1, 2


@torch.no_grad()
def predict(model: BeatSequence, record: BeatSequenceRecord) -> tuple[npt.NDArray[np.float32], ...]:
    """Class probabilities `[beats, classes]` and AF probability `[beats]` of the rhythm at each beat."""
    state = torch.zeros(1, 1, model.config.width)
    output = model(torch.from_numpy(record.features.astype(np.float32))[None], state)
    delay = model.config.delay_beats
    af = torch.sigmoid(output.af_logits[0]).numpy()
    return output.class_logits[0].softmax(1).numpy(), np.append(af[delay:], np.repeat(af[-1:], delay))


def score_records(model: BeatSequence, groups: dict[str, list[BeatSequenceRecord]]) -> dict[str, float]:
    """Sensitivity and positive predictivity in percent, gross over the records of each source and view."""
    views: dict[str, list[BeatSequenceRecord]] = {}
    for source, records in groups.items():
        for record in records:
            view = record.name.rpartition("-")[2] if "-" in record.name else ""
            views.setdefault(f"{source}-{view}".rstrip("-"), []).append(record)
    scores: dict[str, float] = {}
    for name, records in views.items():
        found = [predict(model.eval(), record) for record in records]
        codes = np.concatenate([record.codes for record in records])
        af = np.concatenate([record.af for record in records])
        scores |= _class_scores(name, np.concatenate([f[0] for f in found]).argmax(1), codes)
        scores |= _af_scores(name, np.concatenate([f[1] for f in found]) > 0.5, af)
    model.train()
    return scores


def _class_scores(name: str, found: npt.NDArray[np.int64], codes: npt.NDArray[np.int8]) -> dict[str, float]:
    known, scores = codes >= 0, {}
    for letter, code in (("S", _S), ("V", _V)):
        both = int(((found == code) & (codes == code)).sum())
        n_true, n_found = int((codes == code).sum()), int(((found == code) & known).sum())
        if n_true > 20:
            scores[f"{name} {letter} Se"] = round(100 * both / n_true, 2)
            scores[f"{name} {letter} +P"] = round(100 * both / max(n_found, 1), 2)
    return scores


def _af_scores(name: str, found: npt.NDArray[np.bool_], af: npt.NDArray[np.int8]) -> dict[str, float]:
    scores = {}
    if (af == 1).any():
        scores[f"{name} AF Se"] = round(100 * float(found[af == 1].mean()), 2)
    if (af == 0).any():
        scores[f"{name} AF Sp"] = round(100 * float((~found[af == 0]).mean()), 2)
    return scores
