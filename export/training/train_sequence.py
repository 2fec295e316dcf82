"""Train the sequence model on the encoder's beats and on annotations without signals: read top to bottom.

Resumes from its last checkpoint, as if it had not been cut.

python -m export.training.train_sequence --data DIR --encoder BUNDLE --out DIR
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from edge.sequence_features import CLASS_FEATURES, N_RR_FEATURES
from export.sequence_model import BeatSequence, SequenceConfig
from export.training.beat_sequences import BeatSequenceRecord
from export.training.curves import draw_curves
from export.training.last_state import Stateful, resume, save_state
from export.training.records import UNKNOWN
from export.training.score_sequence import score_records
from export.training.sequence_cache import SequenceGroups, load_sequences
from export.training.train import learning_rate

Settings = dict[str, Any]
Float32 = npt.NDArray[np.float32]

_V = 2


class SequenceWindows:
    """Random stretches of consecutive beats, with features hidden, blurred and made up."""

    def __init__(self, groups: SequenceGroups, settings: Settings, seed: int) -> None:
        self._groups, self._names, self._settings = groups, list(groups), settings
        share = np.array([settings["weights"][name] for name in self._names])
        self._share, self.rng = share / share.sum(), np.random.default_rng(seed)

    def batch(self, size: int) -> dict[str, Tensor]:
        """`size` stretches of `beats` beats."""
        drawn = [self._draw() for _ in range(size)]
        names = ("features", "codes", "af")
        return {name: torch.from_numpy(np.stack([d[i] for d in drawn])) for i, name in enumerate(names)}

    def _draw(self) -> tuple[Float32, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        records = self._groups[self._names[self.rng.choice(len(self._names), p=self._share)]]
        record = records[self.rng.integers(len(records))]
        n = self._settings["beats"]
        start = self._start(record, n)
        features = record.features[start : start + n].astype(np.float32)
        codes, af = record.codes[start : start + n], record.af[start : start + n]
        features = self._changed(features, codes)
        if record.name.startswith("simulated") and self.rng.random() < self._settings["spliced"]:
            features = self._spliced(features, codes)
        missing = n - len(codes)
        return (
            np.pad(features, ((0, missing), (0, 0))),
            np.pad(codes, (0, missing), constant_values=UNKNOWN).astype(np.int64),
            np.pad(af, (0, missing), constant_values=UNKNOWN).astype(np.int64),
        )

    def _start(self, record: BeatSequenceRecord, n: int) -> int:
        """Anywhere; half of the time around an S or V, where there is one."""
        last = max(1, len(record.codes) - n)
        rare = np.flatnonzero((record.codes == 1) | (record.codes == _V))
        if len(rare) and self.rng.random() < 0.5:
            return int(np.clip(rare[self.rng.integers(len(rare))] - self.rng.integers(n), 0, last - 1))
        return int(self.rng.integers(last))

    def _changed(self, features: Float32, codes: npt.NDArray[np.int8]) -> Float32:
        features[:, 0] += self.rng.normal(0, 0.1)
        has_waveform = features[0, N_RR_FEATURES] > 0
        if not has_waveform:
            known = (codes != UNKNOWN).any() and self.rng.random() < self._settings["imagined"]
            return self._imagined(features, codes) if known else features
        if self.rng.random() < self._settings["intervals_alone"]:
            features[:, N_RR_FEATURES:] = 0
            return features
        blur = self.rng.normal(0, self._settings["blur"], features[:, CLASS_FEATURES].shape)
        features[:, CLASS_FEATURES] = np.minimum(features[:, CLASS_FEATURES] + blur, 0)
        return features

    def _spliced(self, features: Float32, codes: npt.NDArray[np.int8]) -> Float32:
        """Waveforms of a real record under imagined intervals; its S, where it has some, not always."""
        pool = self._groups[("mitdb", "svdb")[self.rng.integers(2)]]
        real = pool[self.rng.integers(len(pool))]
        normal, early = (np.flatnonzero(real.codes == code) for code in (0, 1))
        if len(normal) < len(codes):
            return features
        first = self.rng.integers(len(normal) - len(codes) + 1)
        rows = normal[first : first + len(codes)]
        if len(early) >= 5 and self.rng.random() < 0.5:
            rows = np.where(codes == 1, self.rng.choice(early, len(codes)), rows)
        features[:, N_RR_FEATURES:] = real.features[rows, N_RR_FEATURES:]
        return features

    def _imagined(self, features: Float32, codes: npt.NDArray[np.int8]) -> Float32:
        """What an encoder would say of these beats: V by its shape, S hardly."""
        n = len(codes)
        ventricular = np.where(codes == _V, self.rng.beta(8, 1, n), self.rng.beta(0.3, 12, n))
        early = self.rng.beta(0.4, 4, n) * (1 - ventricular)
        rest = np.full((2, n), 0.003)
        rows = np.stack([1 - ventricular - early, early, ventricular, *rest], axis=1)
        features[:, CLASS_FEATURES] = np.log(rows.clip(0.0025, 1)) / 3
        return features


def sequence_loss(model: torch.nn.Module, batch: dict[str, Tensor], settings: Settings, delay: int) -> Tensor:
    """Cross-entropy of classes, and of AF `delay` beats before."""
    state = torch.zeros(1, len(batch["codes"]), settings["width"])
    output = model(batch["features"], state)
    classes = functional.cross_entropy(
        output.class_logits.flatten(0, 1),
        batch["codes"].flatten(),
        weight=torch.tensor(settings["class_weights"]),
        ignore_index=UNKNOWN,
    )
    logits, af = output.af_logits[:, delay:], batch["af"][:, : batch["af"].shape[1] - delay]
    known = (af >= 0).float()
    each = functional.binary_cross_entropy_with_logits(logits, af.clamp(min=0).float(), reduction="none")
    return classes + settings["af"] * (each * known).sum() / known.sum().clamp(min=1)


def train(settings: Settings, data: Path, encoder: Path, out: Path) -> None:
    """Run to `steps`, from the last checkpoint in `out` if there is one."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings["optimizer"]["seed"])
    training, held_out = load_sequences(data, encoder, list(settings["data"]["weights"]))
    config = SequenceConfig(**settings["model"])
    model = BeatSequence(config)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings["optimizer"]["ema"]))
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=settings["optimizer"]["weight_decay"])
    windows = SequenceWindows(training, settings["data"], settings["optimizer"]["seed"])
    loss_settings = {**settings["loss"], "width": config.width}
    parts: dict[str, Stateful] = {"model": model, "average": average, "optimizer": optimizer}
    first, history = resume(out / "last.pt", parts, windows.rng)
    steps = settings["optimizer"]["steps"]
    bar = tqdm(range(first, steps), initial=first, total=steps)
    for step in bar:
        batch = windows.batch(settings["optimizer"]["batch_size"])
        loss = sequence_loss(model, batch, loss_settings, config.delay_beats)
        _take_step(loss, optimizer, learning_rate(step, settings["optimizer"]))
        average.update_parameters(model)
        history.append({"step": step, "loss": float(loss.detach())})
        bar.set_postfix(loss=f"{float(loss.detach()):.3f}")
        done = step + 1
        if done % settings["run"]["evaluate_every"] == 0 or done == steps:
            history[-1]["dev"] = score_records(_averaged(average), held_out)
            tqdm.write(json.dumps({"step": done, **history[-1]["dev"]}))
        if done % settings["run"]["checkpoint_every"] == 0 or done == steps:
            save_state(out / "last.pt", done, parts, windows.rng, history)
    (out / "history.json").write_text(json.dumps(history))
    draw_curves(history, out / "curves.png")
    _averaged(average).save_pretrained(out / "checkpoint")


def _take_step(loss: Tensor, optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
    optimizer.step()


def _averaged(average: AveragedModel) -> BeatSequence:
    assert isinstance(average.module, BeatSequence)
    return average.module


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/sequence.toml"))
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/, afdb/ ... unpacked")
    parser.add_argument("--encoder", type=Path, required=True, help="bundle of the trained encoder")
    parser.add_argument("--out", type=Path, required=True, help="curves and the trained model")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(tomllib.loads(arguments.config.read_text()), arguments.data, arguments.encoder, arguments.out)


if __name__ == "__main__":
    main()
