"""Train what `hearth find` compares: read top to bottom.

Together: MiniLM (frozen) with a projection, and a small tower over the windows' embeddings. Alone: the static
text tower copies that space and learns from the windows too. Writes both towers for the hub as one file.

python -m export.training.train_find --data DIR --out runs/find
"""

import argparse
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from export.training.align import contrastive_loss
from export.training.curves import draw_curves
from export.training.find_questions import Questions, balanced_rows, draw_questions, sigmoid_loss
from export.training.find_texts import copied_texts, measured, vocabulary
from export.training.find_tower import FindTower, WindowTower, save
from export.training.find_windows import FindWindows, directions, find_windows
from export.training.score_find import scores
from export.training.text_tower import ProjectionConfig, SentenceEncoder, TextProjection, embedded
from export.training.train import learning_rate

Settings = dict[str, Any]

_SAVE_EVERY, _POOL = 500, 6000
_START_SCALE, _START_BIAS = 8.0, -2.0


class Together(nn.Module):
    """The large text side, the window side, and how similarity becomes a probability."""

    def __init__(self, n_in: int, towers: Settings, width: int) -> None:
        super().__init__()
        self.projection = TextProjection(ProjectionConfig(width))
        self.windows = WindowTower(n_in, towers["hidden"], width, towers["dropout"])
        self.scale, self.bias = (nn.Parameter(torch.tensor(value)) for value in (_START_SCALE, _START_BIAS))


@dataclass(frozen=True, slots=True)
class Pool:
    """Questions and reports, each with its sentence embedding; `labels` are equal where findings are."""

    questions: Questions
    asked: Tensor
    rows: np.ndarray
    reports: list[str]
    reported: Tensor
    labels: Tensor


def train(settings: Settings, data: Path, bundle: Path, out: Path) -> dict[str, Any]:
    """Both stages, from the last checkpoint of each; returns the scores on held-out patients."""
    torch.manual_seed(settings["data"]["seed"])
    drawn, held_out = (
        find_windows(bundle, data, settings["data"], out / f"{name}.npz", held_out=name == "held_out")
        for name in ("training", "held_out")
    )
    sentences, manifest = SentenceEncoder(), load_manifest(bundle)
    rng = np.random.default_rng(settings["data"]["seed"])
    pool = make_pool(drawn, sentences, settings["together"], rng, out / "sentences.npy")
    both = Together(directions(drawn).shape[1], settings["towers"], manifest.text_width)
    learn_together(both, drawn, pool, settings["together"], out)
    words = vocabulary(sentences, pool.reports, settings["towers"]["vocabulary"])
    texts = copied_texts(words, data)
    sizes = settings["towers"]["row_width"], settings["towers"]["hidden"], manifest.text_width
    tower = FindTower(words, *sizes)
    learn_alone(tower, both, drawn, pool, (texts, embedded(sentences, texts)), settings["alone"], out)
    save(tower.eval(), both.windows, manifest.onnx_sha256, out / "find.npz")
    found = compare(tower, both.eval(), held_out, sentences)
    (out / "scores.json").write_text(json.dumps(found, indent=2) + "\n")
    return found


def make_pool(
    drawn: FindWindows, sentences: SentenceEncoder, stage: Settings, rng: np.random.Generator, kept: Path
) -> Pool:
    """Half of the reports carry measurements; the sentences' embeddings are `kept`."""
    questions = draw_questions(_POOL, stage["mixed"], rng)
    rows = rng.permutation(np.flatnonzero(drawn.words != ""))[:_POOL]
    words, numbers = drawn.words[rows].tolist(), drawn.measurements[rows].tolist()
    reports = [
        measured(*pair) if i % 2 else pair[0] for i, pair in enumerate(zip(words, numbers, strict=True))
    ]
    labels = torch.from_numpy(np.unique(drawn.findings[rows], return_inverse=True)[1])
    if not kept.exists():
        np.save(kept, embedded(sentences, [*questions.texts, *reports]).numpy())
    asked, reported = torch.from_numpy(np.load(kept)).split(_POOL)
    return Pool(questions, asked, rows, reports, reported, labels)


def learn_together(both: Together, drawn: FindWindows, pool: Pool, stage: Settings, out: Path) -> None:
    """Questions against windows by the sigmoid loss, reports against their windows by the contrastive one."""
    ecg, rng = torch.from_numpy(directions(drawn)), np.random.default_rng(1)
    spread = ecg.std(dim=0) * stage["noise"]

    def loss() -> Tensor:
        rows = balanced_rows(drawn.concepts, stage["windows"], rng)
        asked = rng.integers(_POOL, size=int(stage["questions"]))
        found = both.windows(ecg[rows] + torch.randn(len(rows), ecg.shape[1]) * spread)
        answers = torch.from_numpy(pool.questions.answers(asked, drawn.concepts[rows]))
        by_question = sigmoid_loss(
            both.projection(pool.asked[asked]) @ found.T, answers, both.scale, both.bias
        )
        some = torch.from_numpy(rng.permutation(len(pool.rows))[: stage["reports"]])
        seen = both.windows(ecg[pool.rows[some.numpy()]])
        same = (pool.labels[some, None] == pool.labels[None, some]).float()
        temperature = both.projection.log_scale.exp().clamp(max=60)
        by_report = contrastive_loss(seen, both.projection(pool.reported[some]), same, temperature)
        return by_question + stage["report_share"] * by_report

    run_stage("together", both, loss, stage, out)


def learn_alone(
    tower: FindTower,
    both: Together,
    drawn: FindWindows,
    pool: Pool,
    copied: tuple[list[str], Tensor],
    stage: Settings,
    out: Path,
) -> None:
    """The windows' side stays; questions are copied with all other texts, and asked of the windows."""
    both.eval().requires_grad_(requires_grad=False)
    rng, ecg = np.random.default_rng(2), both.windows(torch.from_numpy(directions(drawn)))
    texts = [*copied[0], *pool.questions.texts, *pool.reports]
    goal = both.projection(torch.cat([copied[1], pool.asked, pool.reported]))

    def loss() -> Tensor:
        some = rng.integers(len(texts), size=int(stage["texts"]))
        copying = 1 - (tower([texts[i] for i in some], stage["forget"]) * goal[some]).sum(1).mean()
        rows, asked = (
            balanced_rows(drawn.concepts, stage["windows"], rng),
            rng.integers(_POOL, size=int(stage["questions"])),
        )
        answers = torch.from_numpy(pool.questions.answers(asked, drawn.concepts[rows]))
        said = tower([pool.questions.texts[i] for i in asked], stage["forget"])
        return copying + stage["window_share"] * sigmoid_loss(
            said @ ecg[rows].T, answers, both.scale, both.bias
        )

    run_stage("alone", tower, loss, stage, out)


def run_stage(name: str, model: nn.Module, loss: Callable[[], Tensor], stage: Settings, out: Path) -> None:
    """All steps, from the last checkpoint if there is one."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=stage["weight_decay"])
    path, history, first = out / f"{name}.pt", [], 0
    if path.exists():
        kept = torch.load(path, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        history, first = kept["history"], kept["step"]
    for step in tqdm(range(first, stage["steps"]), desc=name, initial=first, total=stage["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, stage)
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        history.append({"step": step, "loss": float(value.detach())})
        if (step + 1) % _SAVE_EVERY == 0 or step + 1 == stage["steps"]:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "history": history, "step": step + 1}, path)
            draw_curves(history, out / f"{name}.png")


@torch.no_grad()
def compare(
    tower: FindTower, both: Together, held_out: FindWindows, sentences: SentenceEncoder
) -> dict[str, dict[str, float]]:
    """The model of `align`, the large text side and the small one, on the same windows."""
    before = TextProjection.from_pretrained(Path("export/checkpoints/text_projection")).eval()
    aligned = torch.from_numpy(held_out.windows.astype(np.float32))
    ecg = both.windows(torch.from_numpy(directions(held_out)))
    return {
        "align": scores(aligned, lambda texts: before(embedded(sentences, list(texts))), held_out),
        "large": scores(ecg, lambda texts: both.projection(embedded(sentences, list(texts))), held_out),
        "small": scores(ecg, tower, held_out),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/find.toml"))
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/, ptbxl/ ... unpacked")
    parser.add_argument(
        "--bundle", type=Path, default=DEFAULT_BUNDLE, help="whose encoder looks at the windows"
    )
    parser.add_argument("--out", type=Path, required=True, help="windows, checkpoints, find.npz and scores")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = tomllib.loads(arguments.config.read_text())
    print(json.dumps(train(settings, arguments.data, arguments.bundle, arguments.out), indent=2))


if __name__ == "__main__":
    main()
