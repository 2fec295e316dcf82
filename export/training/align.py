"""Align the encoder's windows with sentences, in the manner of ECG-CoCa: read top to bottom.

The encoder is frozen; its window head and a projection of a frozen sentence encoder learn to meet. Writes the
encoder with its trained window head, the text projection, and zero-shot and retrieval scores. The pairs are
kept once they are drawn, and the fit resumes from its last checkpoint, as if it had not been cut.

python -m export.training.align --data DIR --encoder runs/encoder/checkpoint --out runs/aligned
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from export.model import EcgEncoder
from export.training.curves import draw_curves
from export.training.last_state import Stateful, resume, save_state
from export.training.score_align import retrieval, zero_shot
from export.training.text_pairs import TextPairs, kept_pairs
from export.training.text_tower import ProjectionConfig, SentenceEncoder, TextProjection, embedded
from export.training.train import learning_rate

Settings = dict[str, Any]


def contrastive_loss(ecg: Tensor, text: Tensor, same: Tensor, scale: Tensor) -> Tensor:
    """Each window finds its sentences and each sentence its windows; `same` `[n, n]` marks equal findings."""
    logits = scale * ecg @ text.T
    target = same / same.sum(dim=1, keepdim=True)
    across = -(target * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()
    back = -(target * functional.log_softmax(logits.T, dim=1)).sum(dim=1).mean()
    return (across + back) / 2


def train(settings: Settings, data: Path, checkpoint: Path, out: Path) -> dict[str, float]:
    """Run to `steps`, from the last checkpoint in `out` if there is one; scores of held-out patients."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings["data"]["seed"])
    encoder = EcgEncoder.from_pretrained(checkpoint).eval()
    sentences = SentenceEncoder()
    pairs, held_out = (kept_pairs(out, encoder, data, settings["data"], held_out=h) for h in (False, True))
    projection = TextProjection(ProjectionConfig(encoder.config.text_width))
    history = _fit(encoder, projection, pairs, sentences, settings, out)
    encoder.save_pretrained(out / "checkpoint")
    projection.save_pretrained(out / "text_projection")
    draw_curves(history, out / "curves.png")
    scores = {
        **zero_shot(encoder, projection.eval(), held_out, sentences, measured=False),
        **zero_shot(encoder, projection.eval(), held_out, sentences, measured=True),
        **retrieval(encoder, projection.eval(), held_out, sentences, measured=False),
        **retrieval(encoder, projection.eval(), held_out, sentences, measured=True),
    }
    (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    return scores


def _fit(
    encoder: EcgEncoder,
    projection: TextProjection,
    pairs: TextPairs,
    sentences: SentenceEncoder,
    settings: Settings,
    out: Path,
) -> list[dict[str, float]]:
    plain = embedded(sentences, [said.words for said in pairs.reports])
    measured = embedded(sentences, [f"{said.words}. {said.measurements}" for said in pairs.reports])
    names = {findings: i for i, findings in enumerate({said.findings for said in pairs.reports})}
    labels = torch.tensor([names[said.findings] for said in pairs.reports])
    parameters = [*encoder.window_head.parameters(), *projection.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=settings["optimizer"]["weight_decay"])
    rng, steps = np.random.default_rng(settings["data"]["seed"]), settings["optimizer"]["steps"]
    parts: dict[str, Stateful] = {
        "head": encoder.window_head,
        "projection": projection,
        "optimizer": optimizer,
    }
    first, history = resume(out / "last.pt", parts, rng)
    for step in tqdm(range(first, steps), initial=first, total=steps):
        rows = torch.from_numpy(rng.permutation(len(labels))[: settings["optimizer"]["batch_size"]])
        texts = torch.where(
            torch.rand(len(rows), 1) < settings["data"]["measured"], measured[rows], plain[rows]
        )
        same = (labels[rows, None] == labels[None, rows]).float()
        ecg = encoder.window_head(pairs.seconds[rows])
        loss = contrastive_loss(ecg, projection(texts), same, projection.log_scale.exp().clamp(max=60))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings["optimizer"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append({"step": step, "loss": float(loss.detach())})
        if (step + 1) % settings["run"]["checkpoint_every"] == 0 or step + 1 == steps:
            save_state(out / "last.pt", step + 1, parts, rng, history)
    return history


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/align.toml"))
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/, ptbxl/ ... unpacked")
    parser.add_argument("--encoder", type=Path, required=True, help="checkpoint of the trained encoder")
    parser.add_argument(
        "--out", type=Path, required=True, help="the aligned checkpoint, projection and scores"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = tomllib.loads(arguments.config.read_text())
    print(json.dumps(train(settings, arguments.data, arguments.encoder, arguments.out), indent=2))


if __name__ == "__main__":
    main()
