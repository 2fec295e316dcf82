"""Teach the language model to read soft tokens: three stages, LoRA and projector, resumable.

python -m export.training.language.train --config FILE --data DATA --corpus FOLDER --out FOLDER
"""

import argparse
import json
import math
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.language_model import default_path
from export.language.base import load_base
from export.language.lora import LoraSettings, add_lora, save_adapter
from export.language.projector import LETTERS, Projector, anchor_rows, save_projector
from export.training.language.samples import Batch, Corpus, Drawer, Encoding, Sample, batch_of, sample_of

_POOL = 48  # instructions drawn at a time, cut into batches of like length

Config = dict[str, Any]


class SoftModel(torch.nn.Module):
    """Base with LoRA, and projector."""

    def __init__(self, config: Config, n_features: int, cache: Path) -> None:
        super().__init__()
        base = load_base(default_path(), cache)
        self.encoding = Encoding(base.tokenizer)
        embed: Any = base.model.get_input_embeddings()
        embedding: Tensor = embed.weight
        scale = float(embedding.detach().std())
        self.bf16 = bool(config["steps"]["bf16"])
        self.language = add_lora(base.model, LoraSettings.from_table(config["lora"]))
        self.projector = Projector(n_features, embedding.shape[1], row_scale=scale, **config["projector"])
        letters = {text: embedding[self.encoding.ids(text)[0]].detach() for text in LETTERS.values()}
        self.projector.anchors.copy_(anchor_rows(load_manifest(DEFAULT_BUNDLE), n_features, letters))

    def embedded(self, batch: Batch) -> Tensor:
        """`[batch, length, width]`."""
        embed: Any = self.language.get_input_embeddings()
        rows = embed(batch.ids.clamp(min=0))
        soft = self.projector(batch.features, batch.leads)
        flat = rows.reshape(-1, rows.shape[-1]).clone()
        flat[(batch.ids == -1).reshape(-1)] = soft.to(flat.dtype)
        return flat.reshape(rows.shape)

    def loss(self, batch: Batch) -> Tensor:
        """Cross entropy of the answers' tokens; a long answer counts by the root of its length."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            inner: Any = self.language.get_base_model()
            mask = (batch.ids != -2).long()
            states = inner.model(inputs_embeds=self.embedded(batch), attention_mask=mask).last_hidden_state
            learned = batch.labels[:, 1:] != -100
            logits = inner.lm_head(states[:, :-1][learned])
        each = torch.nn.functional.cross_entropy(
            logits.float(), batch.labels[:, 1:][learned], reduction="none"
        )
        weights = learned.sum(dim=1, keepdim=True).float().rsqrt().expand_as(learned)[learned]
        return (each * weights).sum() / weights.sum()

    def weights(self) -> dict[str, Tensor]:
        """What is learned."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}


def stage_of(config: Config, step: int) -> Mapping[str, Any]:
    """The stage that a step belongs to."""
    for stage in config["stages"]:
        if step < stage["steps"]:
            return stage
        step -= stage["steps"]
    return config["stages"][-1]


def pool_batches(
    drawer: Drawer, corpus: Corpus, encoding: Encoding, config: Config, number: int
) -> list[Batch]:
    """A pool of instructions as batches of like length, in random order; the same for the same number."""
    rng = np.random.default_rng([config["seed"], number])
    shares = config["stages"][0]
    samples = [sample_of(drawer.draw(shares, rng), corpus, encoding) for _ in range(_POOL)]
    samples.sort(key=lambda sample: len(sample.ids))
    groups: list[list[Sample]] = [[]]
    for sample in samples:
        if (len(groups[-1]) + 1) * len(sample.ids) > config["steps"]["batch_tokens"] and groups[-1]:
            groups.append([])
        groups[-1].append(sample)
    return [batch_of(groups[i]) for i in rng.permutation(len(groups))]


def train(config: Config, data: Path, corpus_folder: Path, out: Path) -> None:
    """Run or resume."""
    torch.manual_seed(config["seed"])
    corpus = Corpus(corpus_folder, data)
    model = SoftModel(config, corpus.features.shape[1], out / "base")
    drawer, held_out = Drawer(corpus, held_out=False), Drawer(corpus, held_out=True)
    steps = config["steps"]
    total = sum(stage["steps"] for stage in config["stages"])
    groups = [
        {"params": [p for n, p in model.weights().items() if "lora" in n], "lr": steps["lr_lora"]},
        {"params": list(model.projector.parameters()), "lr": steps["lr_projector"]},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=steps["weight_decay"], betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / steps["warmup"]) * _cosine(step / total)
    )
    step, pool = _resume(out, model, optimizer, schedule)
    bar, history = tqdm(total=total, initial=step, unit=" steps"), (out / "history.jsonl").open("a")
    recent: list[float] = []
    while step < total:
        for batch in pool_batches(drawer, corpus, model.encoding, _at(config, step), pool):
            loss = _step(model, batch, optimizer, schedule)
            recent.append(loss)
            step += 1
            bar.update()
            bar.set_postfix(loss=f"{np.mean(recent[-50:]):.3f}", stage=stage_of(config, step)["name"][:14])
        pool += 1
        if step % steps["checkpoint_every"] < len(recent[-10:]) or step >= total:
            _save(out, model, optimizer, schedule, step, pool)
        if step // steps["evaluate_every"] > (step - 8) // steps["evaluate_every"] or step >= total:
            row = {
                "step": step,
                "loss": float(np.mean(recent[-200:])),
                **_evaluate(model, held_out, corpus, config),
            }
            print(json.dumps(row), file=history, flush=True)
            tqdm.write(json.dumps(row))
    save_adapter(model.language, out / "adapter")
    save_projector(model.projector, out / "projector")


def _at(config: Config, step: int) -> Config:
    """The configuration with one stage, that of this step."""
    return {**config, "stages": [{**stage_of(config, step), "steps": 1 << 30}]}


def _cosine(share: float) -> float:
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def _step(model: SoftModel, batch: Batch, optimizer: Any, schedule: Any) -> float:
    model.train()
    loss = model.loss(batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(model.weights().values()), 1.0)
    optimizer.step()
    schedule.step()
    return float(loss.detach())


@torch.no_grad()
def _evaluate(model: SoftModel, drawer: Drawer, corpus: Corpus, config: Config) -> dict[str, float]:
    """Loss on held-out patients by kind of instruction, always the same ones."""
    model.eval()
    found = {}
    for kind in ("locate", "is_there", "report", "compare"):
        rng = np.random.default_rng([config["seed"], 7])
        samples = [sample_of(drawer.draw({kind: 1.0}, rng), corpus, model.encoding) for _ in range(12)]
        found[kind] = round(float(model.loss(batch_of(samples))), 4)
    return found


def _save(out: Path, model: SoftModel, optimizer: Any, schedule: Any, step: int, pool: int) -> None:
    """Beside the old one, then in its place: a cut never leaves half a checkpoint."""
    state = {
        "step": step,
        "pool": pool,
        "weights": {name: p.detach() for name, p in model.weights().items()},
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
    }
    part = out / "last.part"
    torch.save(state, part)
    part.rename(out / "last.pt")
    save_adapter(model.language, out / "adapter")
    save_projector(model.projector, out / "projector")


def _resume(out: Path, model: SoftModel, optimizer: Any, schedule: Any) -> tuple[int, int]:
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "last.pt").exists():
        return 0, 0
    state = torch.load(out / "last.pt", weights_only=True)
    own = model.weights()
    with torch.no_grad():
        for name, value in state["weights"].items():
            own[name].copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return state["step"], state["pool"]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = tomllib.loads(arguments.config.read_text())
    train(config, arguments.data, arguments.corpus, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
