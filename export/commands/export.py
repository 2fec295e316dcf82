"""Turn a trained checkpoint into the bundle that an edge runs.

The checkpoint (a folder written by `python -m export.training.train`) becomes ONNX through optimum, then
int8. Torch, float and int8 are compared on real windows: names, shapes, values, beats and rhythm. Only if
all agree is the bundle written; otherwise nothing is, and the message says by how much they differ.

    hearth export --checkpoint runs/encoder/checkpoint --data ecg/ --out edge/models/encoder
"""

import argparse
import tomllib
from pathlib import Path

HELP = "turn a trained checkpoint into the bundle that an edge runs (needs torch)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth export`."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder with config.json and weights")
    parser.add_argument(
        "--data", type=Path, required=True, help="unpacked recordings, for calibration and gate"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--config", type=Path, default=Path("configs/training.toml"))


def run(arguments: argparse.Namespace) -> int:
    """Export, and say how well the copies agree."""
    from edge.bundle import Thresholds
    from export.bundle import write_bundle
    from export.training.train import development_windows

    settings = tomllib.loads(arguments.config.read_text())
    windows = [window.ecg_mv for window in development_windows(settings, arguments.data)]
    report = write_bundle(
        arguments.checkpoint,
        arguments.out,
        windows[:256],
        Thresholds.model_validate(settings["thresholds"]),
        tuple(settings["data"]["weights"]),
        settings["version"],
    )
    print(f"{arguments.out}: written")
    print(f"  torch to float ONNX: largest difference {report.float_max_difference:.1e}")
    print(f"  torch to int8: {report.beat_agreement:.2%} of beats, {report.class_agreement:.2%} of classes,")
    print(f"                 {report.af_agreement:.2%} of seconds of AF or not,")
    print(f"                 {report.analysable_agreement:.2%} of seconds readable or not agree")
    return 0
