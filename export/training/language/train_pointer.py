"""Teach the pointer: where is what, from the language model's own states; writes it into the language bundle.

    python -m export.training.language.train_pointer --config configs/training/language.toml \
        --data DIR --corpus DIR/prepared/language --states DIR/prepared/pointer --bundle edge/models/language

Collecting the states takes half an hour on one core and goes on where it was cut off; learning takes minutes.
Thresholds are chosen on the answers of networks that were taught without the patient (five folds); the
network that is kept has learned from all. Held-out patients are never read.
"""

import argparse
import hashlib
import math
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from edge.labels import Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, PointerFile, load_language_bundle
from edge.localizer_prompt import LOCATED
from edge.onnx_session import OnnxSession
from edge.pointer import pointed
from export.evaluation.localization import iou
from export.training.language.block_windows import make_block_windows, read_block_windows
from export.training.language.pointer_net import (
    PointerNet,
    Pointers,
    PointerSettings,
    export_pointer,
    learned,
    seen_of,
)
from export.training.language.pointer_states import Window, beats_of, collect, drawn
from export.training.language.samples import WAVEFORM_SHARE

Row = dict[str, Any]
Float32 = npt.NDArray[np.float32]

_FOLDS: Final = 5
_PRESENCES: Final = (1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""The first is never reached: what cannot be told on unknown patients is not told."""

_PLACES: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_WITH, _WITHOUT = 120, 120
_LARGEST_DIFFERENCE: Final = 1e-4


def fold_of(window: Window) -> int:
    """By the name of the patient."""
    return hashlib.sha256(window.patient.encode()).digest()[0] % _FOLDS


def shares_of(windows: Sequence[Window]) -> npt.NDArray[np.float64]:
    """How often each is drawn: waveforms by their share, patients by the root of their windows with it."""
    names = [sorted(window.row["spans"]) or ["none"] for window in windows]
    of_patient = Counter((name, w.patient) for w, own in zip(windows, names, strict=True) for name in own)
    whole: dict[str, float] = defaultdict(float)
    for (name, _), count in of_patient.items():
        whole[name] += math.sqrt(count)
    shares = np.array([
        sum(WAVEFORM_SHARE[name] / whole[name] / math.sqrt(of_patient[name, window.patient]) for name in own)
        for window, own in zip(windows, names, strict=True)
    ])  # fmt: skip
    return shares / shares.sum()


def taught(windows: Sequence[Window], settings: PointerSettings) -> Pointers:
    """On these windows."""
    seen = [(lead, share) for window, share in zip(windows, shares_of(windows), strict=True)
            for lead in seen_of(window.row, window.states, LOCATED)]  # fmt: skip
    shares = np.array([share for _, share in seen])
    return learned([lead for lead, _ in seen], shares / shares.sum(), LOCATED, settings)


def answered(net: Pointers, windows: Sequence[Window]) -> list[Float32]:
    """`[waveforms, tenths]` of each window."""
    with torch.no_grad():
        return [net(torch.from_numpy(window.states.astype(np.float32))).numpy() for window in windows]


def unseen_answers(windows: Sequence[Window], settings: PointerSettings) -> list[Float32]:
    """Of each window by a network that was taught without its patient."""
    answers: list[Float32] = [np.zeros(0, np.float32)] * len(windows)
    for fold in tqdm(range(_FOLDS), unit=" folds"):
        own = [i for i, window in enumerate(windows) if fold_of(window) == fold]
        net = taught([window for window in windows if fold_of(window) != fold], settings)
        for i, answer in zip(own, answered(net, [windows[i] for i in own]), strict=True):
            answers[i] = answer
    return answers


def chosen(windows: Sequence[Window], answers: Sequence[Float32], waveform: Waveform) -> tuple[float, float]:
    """Presence and place of the highest mean IoU on as many windows with it as without; ties go up."""
    rng, place = np.random.default_rng(4), LOCATED.index(waveform)
    known = [i for i, window in enumerate(windows) if waveform in window.row["known"]]
    having = [i for i in known if waveform in windows[i].row["spans"]]
    lacking = [i for i in known if waveform not in windows[i].row["spans"]]
    drawn_ones = [having[i] for i in rng.permutation(len(having))[:_WITH]]
    drawn_ones += [lacking[i] for i in rng.permutation(len(lacking))[:_WITHOUT]]

    def value(option: tuple[float, float]) -> float:
        return fmean(iou_of(windows[i].row, answers[i][place], waveform, *option) for i in drawn_ones)

    return max(product(_PRESENCES, _PLACES), key=value)


def iou_of(row: Row, of_tenth: Float32, waveform: Waveform, presence: float, place: float) -> float:
    """Of one waveform of one window."""
    return iou(row["spans"].get(waveform, ()), pointed(of_tenth, presence, place, beats_of(row)))


def write(net: Pointers, thresholds: dict[Waveform, tuple[float, float]], folder: Path) -> None:
    """`pointer.onnx` and its entry in the manifest; raises `ValueError` where ONNX and torch differ."""
    file, manifest = folder / "pointer.part.onnx", load_language_bundle(folder).manifest
    export_pointer(net, file, manifest.width)
    _check(net, file)
    file.replace(folder / "pointer.onnx")
    entry = PointerFile(
        name="pointer.onnx",
        sha256=hashlib.sha256((folder / "pointer.onnx").read_bytes()).hexdigest(),
        presence={waveform: presence for waveform, (presence, _) in thresholds.items()},
        place={waveform: place for waveform, (_, place) in thresholds.items()},
    )
    told = manifest.model_copy(update={"pointer": entry})
    (folder / "manifest.json").write_text(told.model_dump_json(indent=2) + "\n")


def _check(net: Pointers, file: Path) -> None:
    first = net.nets[0]
    assert isinstance(first, PointerNet)
    noise = torch.randn(2, 24, len(first.mean), generator=torch.Generator().manual_seed(1))
    states = noise * first.std + first.mean
    (probability,) = OnnxSession(file).run(("probability",), {"states": states.numpy()})
    with torch.no_grad():
        difference = float(np.abs(net(states).numpy() - probability).max())
    if not difference < _LARGEST_DIFFERENCE:
        raise ValueError(f"{file.name}: probabilities differ from torch by {difference:.1e}")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--states", type=Path, required=True, help="folder for the states; about 500 MB")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_LANGUAGE_BUNDLE)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = PointerSettings(**tomllib.loads(arguments.config.read_text())["pointer"])
    bundle, blocks = load_language_bundle(arguments.bundle), arguments.states / "blocks"
    make_block_windows(arguments.data, blocks)
    windows = [
        *collect(arguments.corpus, drawn(arguments.corpus), bundle, arguments.states),
        *collect(blocks, read_block_windows(blocks), bundle, blocks),
    ]
    answers = unseen_answers(windows, settings)
    thresholds = {waveform: chosen(windows, answers, waveform) for waveform in LOCATED}
    write(taught(windows, settings), thresholds, arguments.bundle)
    for waveform, (presence, place) in thresholds.items():
        print(f"{waveform}: there from {presence}, where from {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
