"""Turn a trained checkpoint into ONNX: Hearth's own into the bundle that an edge runs, a published one too.

Hearth's own checkpoint is a folder written by `python -m export.training.train`. It becomes ONNX through
optimum, then int8. Torch, float and int8 are compared on real windows: names, shapes, values, beats and
rhythm; and, with all windows joined and read by the whole pipeline, beats, classes, episodes, seconds of VF
and waves. Only if all agree is the bundle written; otherwise nothing is, and the message says by how much
they differ.

    hearth export --checkpoint runs/aligned/checkpoint --sequence runs/sequence/checkpoint --data ecg --out b

Without --sequence the bundle has no second stage: the encoder then decides each beat alone.

A published checkpoint is a file (.safetensors, .pt, .pth, .bin) of ECG-CoCa (ECG-Chat) or of anyECG-chat's
ViT, recognised by its layout. It becomes encoder.onnx with encoder.json, for use with onnxruntime; `hearth
edge` does not run it. See docs/published-checkpoints.md.

    hearth export --checkpoint ecg_model.safetensors --out converted/ --int8

Language models have subcommands of their own: hearth export gguf --help, hearth export language --help
"""

import argparse
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands import gguf, language

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

HELP = "turn a trained checkpoint into the bundle that an edge runs (needs torch)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth export`, and its subcommands; without one, --checkpoint and --out are needed."""
    subparsers = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND")
    for name, module in (("gguf", gguf), ("language", language)):
        subparser = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(subcommand=module)
    parser.add_argument("--checkpoint", type=Path, help="folder of Hearth's own, or published file")
    parser.add_argument(
        "--data", type=Path, help="unpacked recordings, for calibration and gate (own folder)"
    )
    parser.add_argument("--out", type=Path, help="folder to write")
    parser.add_argument(
        "--sequence",
        type=Path,
        help="folder of the second stage's checkpoint (default: the encoder decides alone)",
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/encoder.toml"))
    parser.add_argument(
        "--int8", action="store_true", help="int8 weights (published file; own is always int8)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Export, and say how well the copies agree."""
    from edge.errors import UserError

    if "subcommand" in arguments:
        return int(arguments.subcommand.run(arguments))
    for name in ("checkpoint", "out"):
        if getattr(arguments, name) is None:
            raise UserError(f"--{name}: is needed; see hearth export --help")
    if arguments.checkpoint.is_file():
        return _convert(arguments)
    if not arguments.checkpoint.is_dir():
        raise UserError(f"{arguments.checkpoint}: no checkpoint here; expected a folder or a published file")
    if arguments.data is None:
        raise UserError("--data: the gate of Hearth's own checkpoint needs recordings")
    return _write_bundle(arguments)


def _write_bundle(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.bundle import Thresholds
    from export.bundle import Checkpoints, Provenance, write_bundle

    settings = _settings(arguments.config)
    checkpoints = Checkpoints(arguments.checkpoint, arguments.sequence)
    checkpoints.read()  # what cannot be used is told before hours of preparing data
    report = write_bundle(
        checkpoints,
        arguments.out,
        _windows(settings, arguments.data),
        Thresholds.model_validate(settings["thresholds"]),
        Provenance(settings["version"], tuple(settings["data"]["weights"])),
    )
    print(f"{arguments.out}: written")
    values = report.values
    print(f"  torch to float ONNX: largest difference {values.float_max_difference:.1e}")
    print(f"  torch to int8: {values.beat_agreement:.2%} of beats, {values.class_agreement:.2%} of classes,")
    print(f"                 {values.af_agreement:.2%} of seconds of AF or not,")
    print(f"                 {values.analysable_agreement:.2%} of seconds readable or not agree")
    print("  told by the whole pipeline, what agrees of episodes, VF, waves, boundaries, beats, classes:")
    for pair, shares in asdict(report.decisions).items():
        print(f"  {pair.replace('_', ' '):>14}:", " ".join(f"{share:.2%}" for share in shares.values()))
    return 0


def _settings(path: Path) -> dict[str, Any]:
    from edge.errors import UserError

    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"--config {path}: cannot be read: {error}") from error


def _windows(settings: dict[str, Any], data: Path) -> "list[npt.NDArray[np.float32]]":
    from edge.errors import UserError
    from export.training.train import development_windows

    try:
        return [window.ecg_mv for window in development_windows(settings, data)][:256]
    except FileNotFoundError as error:
        raise UserError(f"--data {data}: {error.filename} is missing; see docs/training.md") from error


def _convert(arguments: argparse.Namespace) -> int:
    from export.published.convert import convert

    done = convert(arguments.checkpoint, arguments.out, int8=arguments.int8)
    print(f"{arguments.out}: written, {done.recognised.family.name} with {done.precision}")
    print(f"  {done.recognised.n_tensors} tensors are the encoder's,", end=" ")
    print(f"{done.recognised.n_ignored} of other towers were left out")
    print(
        f"  torch to ONNX: largest difference {done.agreement.largest_difference:.1e} of the largest value,"
    )
    print(f"                 smallest cosine {done.agreement.smallest_cosine:.5f}")
    print("  hearth edge does not run it: see encoder.json for its input")
    return 0
