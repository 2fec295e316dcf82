"""Train the ECG encoder: read top to bottom. Resumes from its last checkpoint; keeps averaged weights.

python -m export.training.train --config configs/training/encoder.toml --data DIR --out DIR
"""

import argparse
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from export.model import EcgEncoder, EncoderConfig, EncoderOutput
from export.training.curves import draw_curves
from export.training.losses import Batch, encoder_loss
from export.training.record_cache import load_groups
from export.training.score import score_windows
from export.training.targets import Window
from export.training.windows import WindowSource

Settings = dict[str, Any]
Forward = Callable[[torch.Tensor], EncoderOutput]


class Batches(IterableDataset[Batch]):
    """Batches of windows; the number of leads varies from batch to batch."""

    def __init__(self, settings: Settings, data: Path, seed: int) -> None:
        self._settings, self._data, self._seed = settings, data, seed

    def __iter__(self) -> Iterator[Batch]:
        seconds, weights = self._settings["data"]["window_s"], self._settings["data"]["weights"]
        groups, noise = load_groups(self._data, list(weights), held_out=False)
        share = self._settings["optimizer"]["leads_share"]
        sources = [
            iter(WindowSource(groups, weights, noise, seconds, leads, self._seed + leads))
            for leads in range(1, len(share) + 1)
        ]
        rng = np.random.default_rng(self._seed)
        while True:
            source = sources[rng.choice(len(sources), p=share)]
            size = self._settings["optimizer"]["batch_size"]
            yield collate([next(source) for _ in range(size)])


def collate(windows: list[Window]) -> Batch:
    """Stack windows of one shape into tensors."""
    names = ("ecg_mv", "beat_heat", "beat_codes", "waves", "quality")
    batch = {name: torch.from_numpy(np.stack([getattr(w, name) for w in windows])) for name in names}
    rhythms = torch.from_numpy(np.stack([w.rhythms for w in windows]).astype(np.int64))
    return {**batch, "rhythms": rhythms, "screen": torch.tensor([w.screen for w in windows])}


def begin_from(model: EcgEncoder, checkpoint: str | None) -> None:
    """Take over every weight of an earlier stage whose name and shape are the same; tell the others."""
    if checkpoint is None:
        return
    earlier, own = EcgEncoder.from_pretrained(checkpoint).state_dict(), model.state_dict()
    same = {name: value for name, value in earlier.items() if own.get(name, value).shape == value.shape}
    for name in sorted(own.keys() - same.keys()):
        print(f"new in this stage: {name} {list(own[name].shape)}")
    model.load_state_dict(same, strict=False)


def learning_rate(step: int, optimizer: Settings) -> float:
    """Warm-up, plateau, then linear decay to zero over the last `decay_share` of the steps."""
    warm = min(1.0, (step + 1) / optimizer["warmup_steps"])
    left = (optimizer["steps"] - step) / (optimizer["steps"] * optimizer["decay_share"])
    return float(optimizer["learning_rate"]) * min(warm, left, 1.0)


def train(settings: Settings, data: Path, out: Path) -> None:
    """Run to `steps`, from the last checkpoint in `out` if there is one."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings["optimizer"]["seed"])
    model = EcgEncoder(EncoderConfig(**settings["model"]))
    begin_from(model, settings["run"].get("begin_from"))
    average = AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(settings["optimizer"]["ema"]), use_buffers=True
    )
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=settings["optimizer"]["weight_decay"])
    first, history = _resume(out, model, average, optimizer)
    compiled = torch.compile(model) if settings["run"]["compile"] else model
    dev = development_windows(settings, data)
    stream = DataLoader(
        Batches(settings, data, settings["optimizer"]["seed"] + first), batch_size=None, num_workers=1
    )
    bar = tqdm(
        range(first, settings["optimizer"]["steps"]), initial=first, total=settings["optimizer"]["steps"]
    )
    for step, batch in zip(bar, stream, strict=False):
        model.train()
        losses = _take_step(step, compiled, optimizer, batch, settings)
        average.update_parameters(model)
        bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})
        history.append({"step": step, **losses})
        done = step + 1
        if done % settings["run"]["evaluate_every"] == 0 or done == settings["optimizer"]["steps"]:
            history[-1]["dev"] = _evaluate(average, model, dev)
            tqdm.write(json.dumps({"step": done, **history[-1]["dev"]}))
            draw_curves(history, out / "curves.png")
        if done % settings["run"]["checkpoint_every"] == 0 or done == settings["optimizer"]["steps"]:
            _save(out, done, model, average, optimizer, history)
    _final(average, model.encoder_config).save_pretrained(out / "checkpoint")


def _take_step(
    step: int, model: Forward, optimizer: torch.optim.Optimizer, batch: Batch, settings: Settings
) -> dict[str, float]:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, settings["optimizer"])
    losses = encoder_loss(model(batch["ecg_mv"]), batch, settings["loss"])
    optimizer.zero_grad()
    torch.stack(list(losses.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
    optimizer.step()
    return {name: float(value.detach()) for name, value in losses.items()}


def _final(average: AveragedModel, config: EncoderConfig) -> EcgEncoder:
    """The averaged weights and running statistics."""
    final = EcgEncoder(config)
    final.load_state_dict(average.module.state_dict())
    return final.eval()


def _evaluate(average: AveragedModel, model: EcgEncoder, dev: list[Window]) -> dict[str, float]:
    return score_windows(
        _final(average, model.encoder_config), [collate(dev[i : i + 32]) for i in range(0, len(dev), 32)]
    )


def development_windows(settings: Settings, data: Path) -> list[Window]:
    """Windows of the patients held out, the same ones every time."""
    groups, noise = load_groups(data, list(settings["data"]["weights"]), held_out=True)
    weights = {name: settings["data"]["weights"][name] for name in groups}
    source = iter(WindowSource(groups, weights, noise, settings["data"]["window_s"], 1, 1, augment=False))
    return [next(source) for _ in range(settings["run"]["dev_windows"])]


def _save(
    out: Path,
    step: int,
    model: EcgEncoder,
    average: AveragedModel,
    optimizer: torch.optim.Optimizer,
    history: list[Any],
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(state, out / "last.pt.part")
    (out / "last.pt.part").rename(out / "last.pt")
    (out / "history.json").write_text(json.dumps(history))


def _resume(
    out: Path, model: EcgEncoder, average: AveragedModel, optimizer: torch.optim.Optimizer
) -> tuple[int, list[Any]]:
    if not (out / "last.pt").exists():
        return 0, []
    state = torch.load(out / "last.pt", weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), json.loads((out / "history.json").read_text())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/encoder.toml"))
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with mitdb/, svdb/, cinc2017/ ... unpacked"
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoints, curves and the trained model")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(tomllib.loads(arguments.config.read_text()), arguments.data, arguments.out)


if __name__ == "__main__":
    main()
