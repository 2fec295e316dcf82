"""Train the reader of bundle branch block, and try it on each patient by networks that never saw him.

python -m export.training.train_conduction --data DIR --encoder BUNDLE --out FILE.onnx
"""

import argparse
import json
import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from tqdm import tqdm

from edge.beat_shape import of_unit_qrs
from export.conduction_model import ConductionNetwork, ShapeNetwork, example
from export.training.conduction_cache import load_conduction
from export.training.conduction_draws import ShapeDraws
from export.training.conduction_records import ConductionShape
from export.training.witness_lead import LEFT, NEITHER, RIGHT

Settings = dict[str, Any]
Float32 = npt.NDArray[np.float32]

NAMES = {LEFT: "L", RIGHT: "R"}


def train_network(known: list[ConductionShape], settings: Settings, seed: int) -> ShapeNetwork:
    """One network on its own draw."""
    torch.manual_seed(seed)
    shapes, blocks = ShapeDraws(known, settings, seed).draw(settings["data"]["drawn"])
    inputs, answers = torch.from_numpy(of_unit_qrs(shapes)), torch.from_numpy(blocks)
    network, optimum = ShapeNetwork(settings["model"]["width"]), settings["optimizer"]
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=optimum["weight_decay"])
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, optimum["learning_rate"], total_steps=optimum["steps"]
    )
    for _ in range(optimum["steps"]):
        rows = torch.randint(len(inputs), (optimum["batch_size"],))
        loss = functional.cross_entropy(network(inputs[rows]), answers[rows], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return network.eval()


def train(known: list[ConductionShape], settings: Settings) -> ConductionNetwork:
    """All networks."""
    seeds = range(
        settings["optimizer"]["seed"], settings["optimizer"]["seed"] + settings["model"]["networks"]
    )
    return ConductionNetwork([train_network(known, settings, seed) for seed in seeds]).eval()


def tried(known: list[ConductionShape], settings: Settings) -> Float32:
    """Probabilities `[shapes, 3]` of plain lead II, each by networks that never saw the patient."""
    networks, found = unseen_networks(known, settings), np.zeros((len(known), 3), np.float32)
    for i, one in enumerate(known):
        found[i] = answers_of(networks[one.patient], [one])[0]
    return found


def unseen_networks(known: list[ConductionShape], settings: Settings) -> dict[str, ConductionNetwork]:
    """For each patient networks that never saw him."""
    fold = _folds(known, settings)
    networks: dict[str, ConductionNetwork] = {}
    for number in tqdm(range(settings["validation"]["folds"]), desc="validating", unit=" folds"):
        model = train([one for one, of in zip(known, fold, strict=True) if of != number], settings)
        networks |= {one.patient: model for one, of in zip(known, fold, strict=True) if of == number}
    return networks


@torch.no_grad()
def answers_of(model: ConductionNetwork, shapes: list[ConductionShape]) -> Float32:
    """Probabilities `[shapes, 3]` of plain lead II."""
    first = np.stack([one.shapes[0] for one in shapes])
    return np.asarray(model(torch.from_numpy(of_unit_qrs(first))).numpy())


def _folds(known: list[ConductionShape], settings: Settings) -> list[int]:
    """Whole patients, those with a block spread evenly."""
    worst: dict[str, int] = {}
    for one in known:
        worst[one.patient] = max(worst.get(one.patient, NEITHER), one.block)
    order = sorted(worst, key=lambda patient: (-worst[patient], "mitdb" not in patient, patient))
    fold_of = {patient: i % settings["validation"]["folds"] for i, patient in enumerate(order)}
    return [fold_of[one.patient] for one in known]


def by_patient(known: list[ConductionShape], found: Float32) -> list[tuple[str, int, Float32]]:
    """Mean probabilities of each patient's shapes of one block."""
    rows: dict[tuple[str, int], list[Float32]] = {}
    for one, probabilities in zip(known, found, strict=True):
        rows.setdefault((one.patient, one.block), []).append(probabilities)
    return [(patient, block, np.mean(each, axis=0)) for (patient, block), each in rows.items()]


def report(patients: list[tuple[str, int, Float32]]) -> dict[str, Any]:
    """For each block: AUC, and at some thresholds how many patients with it and without it are given it."""
    from sklearn.metrics import roc_auc_score

    scores: dict[str, Any] = {}
    for block, name in NAMES.items():
        has, probability = (
            np.array([b == block for _, b, _ in patients]),
            np.array([p[block] for *_, p in patients]),
        )
        at = {
            f"{least:.2f}": f"{(probability[has] >= least).sum()}/{has.sum()}"
            f" right, {(probability[~has] >= least).sum()}/{(~has).sum()} wrong"
            for least in (0.4, 0.5, 0.6, 0.7, 0.8)
        }
        mitdb = {f"{p} {b}": round(float(q[block]), 2) for p, b, q in patients if p.startswith("mitdb") and b}
        scores[name] = {"auc": round(float(roc_auc_score(has, probability)), 3), **at, "mitdb": mitdb}
    return scores


def write_onnx(model: ConductionNetwork, path: Path) -> None:
    """One file, any number of beats."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)  # this exporter needs no further package
        torch.onnx.export(
            model,
            (example(),),
            path,
            input_names=["shapes"],
            output_names=["probabilities"],
            dynamic_axes={"shapes": {0: "beats"}, "probabilities": {0: "beats"}},
            opset_version=17,
            dynamo=False,
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/conduction.toml"))
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/, ptbxl/ ... unpacked")
    parser.add_argument("--encoder", type=Path, required=True, help="bundle of the trained encoder")
    parser.add_argument("--out", type=Path, required=True, help="the model file")
    arguments = parser.parse_args()
    settings = tomllib.loads(arguments.config.read_text())
    known = load_conduction(arguments.data, arguments.encoder)
    training = [one for one in known if not one.is_held_out]
    model = train(training, settings)
    write_onnx(model, arguments.out)
    rest = [one for one in known if one.is_held_out]
    print(json.dumps({"held out": report(by_patient(rest, answers_of(model, rest)))}, indent=1), flush=True)
    print(json.dumps({"tried in turn": report(by_patient(training, tried(training, settings)))}, indent=1))


if __name__ == "__main__":
    main()
