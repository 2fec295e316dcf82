"""Turn what was taught to the language model into the bundle that an edge lays over the packaged file.

    hearth export language --run runs/language --data DIR --out edge/models/language

The run is a folder of `python -m export.training.language.train`: a LoRA and a projector. The LoRA becomes an
adapter GGUF, the projector ONNX. torch and llama.cpp are compared on golden prompts of real ECG: logits and
answers under the grammar. Only if they agree is the bundle written. It writes its places until
`python -m export.training.language.train_pointer` has taught a pointer on it.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.raw_ecg import RawEcg

HELP = "the adapter and projector that make the language model see (needs torch)"

_GOLDEN_S = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth export language`."""
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER", help="folder of the training")
    parser.add_argument("--data", type=Path, required=True, help="unpacked recordings, for golden prompts")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--model", type=Path, help="base GGUF (default: the packaged one)")


def run(arguments: argparse.Namespace) -> int:
    """Export, gate, write."""
    from edge.bundle import DEFAULT_BUNDLE
    from edge.encoder import Encoder
    from edge.language_model import default_path
    from export.language.base import load_base
    from export.language.bundle import Taught, write_language_bundle
    from export.language.lora import load_adapter
    from export.language.projector import load_projector

    gguf = arguments.model or default_path()
    base = load_base(gguf, arguments.run / "base")
    adapted = load_adapter(base.model, arguments.run / "adapter")
    projector = load_projector(arguments.run / "projector")
    taught = Taught(base, adapted, projector, gguf, Encoder(DEFAULT_BUNDLE))
    report = write_language_bundle(taught, _golden_ecgs(arguments.data), arguments.out)
    print(f"{arguments.out}: written")
    print(
        f"  torch to llama.cpp: smallest cosine {report.cosine_min:.4f}, same best token {report.top1:.1%},"
    )
    print(f"                      same answers {report.answers:.0%} of the golden prompts")
    return 0


def _golden_ecgs(data: Path) -> "list[RawEcg]":
    """Pieces of development patients with ectopy, and one without."""
    import numpy as np
    import wfdb

    from edge.raw_ecg import RawEcg

    ecgs = []
    for name, start_s in (("223", 700), ("119", 60), ("223", 1200), ("108", 300)):
        record = wfdb.rdrecord(str(data / "mitdb" / name), channels=[0])
        first = round(start_s * record.fs)
        piece = np.nan_to_num(record.p_signal[first : first + round(_GOLDEN_S * record.fs)])
        uv = np.round(piece * 1000).astype(np.int32)
        ecgs.append(RawEcg(uv, float(record.fs), tuple(record.sig_name)))
    return ecgs
