"""What was taught, as a language bundle: adapter, projector, marks; written only if they agree with torch.

Golden prompts hold real soft tokens; torch with the LoRA is compared with llama.cpp on the packaged file and
the adapter over it: logits, and answers held to the grammar.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel

from edge.ecg_prompt import EcgPlace
from edge.encoder import Encoder
from edge.language_bundle import BundledFile, LanguageBundle, LanguageManifest, file_sha256
from edge.llama_session import LlamaSession
from edge.localizer_prompt import LOCATED, MOST_SPANS, look_at
from edge.onnx_session import OnnxSession
from edge.raw_ecg import RawEcg
from edge.signal_reader import SignalReader
from edge.soft_tokens import MARKS
from export.language.adapter_gguf import write_adapter
from export.language.base import BaseModel
from export.language.parity import GoldenPrompt, LanguageParity, ParityLimits, compare, require
from export.language.projector import Projector, export_projector

Float32 = npt.NDArray[np.float32]

VERSION = "1"
TRAINING_DATA = ("mitdb DS1", "svdb", "cpsc2021", "cinc2017", "cudb", "ptbxl")
LIMITS = ParityLimits(cosine=0.95, divergence=0.03, top1=0.9, answers=0.75)
"""llama.cpp multiplies in 8 bit: logits of the packaged Q4_1 file differ from torch's without any adapter."""

_LARGEST_ROW_DIFFERENCE = 1e-3
_ANSWER_TOKENS = 60


@dataclass(frozen=True, slots=True)
class Taught:
    """What training left: base with LoRA, its tokenizer's base, projector; and what they were taught on."""

    base: BaseModel
    adapted: PeftModel
    projector: Projector
    gguf: Path
    encoder: Encoder


def write_language_bundle(taught: Taught, ecgs: Sequence[RawEcg], folder: Path) -> LanguageParity:
    """Write `folder`, or raise `LanguageParityError` with the figures and write nothing."""
    with TemporaryDirectory() as name:
        draft = Path(name) / "bundle"
        draft.mkdir()
        write_adapter(taught.adapted, draft / "adapter.gguf")
        export_projector(taught.projector, draft / "projector.onnx")
        np.save(draft / "marks.npy", mark_rows(taught))
        _check_projector(taught.projector, draft / "projector.onnx")
        manifest = _manifest(taught, draft)
        bundle = LanguageBundle(draft, manifest)
        prompts = golden_prompts(SignalReader(taught.encoder, bundle), ecgs)
        with LlamaSession(taught.gguf, bundle.adapter) as run:
            report = compare(taught.adapted, run, prompts)
        require(report, LIMITS, "the adapter over the packaged model")
        told = manifest.model_copy(update={"figures": {"parity": asdict(report)}})
        (draft / "manifest.json").write_text(told.model_dump_json(indent=2) + "\n")
        shutil.copytree(draft, folder, dirs_exist_ok=True)
    return report


def mark_rows(taught: Taught) -> Float32:
    """`[marks, width]`: the model's own embeddings of the characters that times are written with."""
    ids = [taught.base.tokenizer(mark, add_special_tokens=False).input_ids for mark in MARKS]
    if any(len(of_mark) != 1 for of_mark in ids):
        raise ValueError(f"not every one of {MARKS!r} is a token of its own in this model")
    embed = taught.adapted.get_input_embeddings()
    with torch.no_grad():
        return embed(torch.tensor([of_mark[0] for of_mark in ids])).float().numpy()


def golden_prompts(reader: SignalReader, ecgs: Sequence[RawEcg]) -> list[GoldenPrompt]:
    """Each ECG as the edge asks about it, with its measurements and without."""
    prompts = []
    for number, ecg in enumerate(ecgs):
        read = reader.read(ecg)
        request = look_at(ecg, read.evidence if number % 2 else None)
        shared = [read.rows if isinstance(part, EcgPlace) else part for part in request.beginning]
        branch = request.branches[0]
        prompts.append(GoldenPrompt((*shared, branch.text), branch.grammar, _ANSWER_TOKENS))
    return prompts


def _manifest(taught: Taught, draft: Path) -> LanguageManifest:
    def named(name: str) -> BundledFile:
        return BundledFile(name=name, sha256=hashlib.sha256((draft / name).read_bytes()).hexdigest())

    return LanguageManifest(
        name="hearth-ecg-language",
        version=VERSION,
        licence="Apache-2.0",
        base_sha256=file_sha256(taught.gguf),
        encoder_sha256=taught.encoder.manifest.onnx_sha256,
        adapter=named("adapter.gguf"),
        projector=named("projector.onnx"),
        marks=named("marks.npy"),
        n_features=int(taught.projector.sizes["n_features"]),
        width=int(taught.projector.sizes["width"]),
        waveforms=LOCATED,
        most_spans=MOST_SPANS,
        training_data=TRAINING_DATA,
        figures={},
    )


def _check_projector(projector: Projector, path: Path) -> None:
    features = torch.randn(16, int(projector.sizes["n_features"]), generator=torch.Generator().manual_seed(1))
    lead = torch.arange(16) % 3
    (rows,) = OnnxSession(path).run(("rows",), {"features": features.numpy(), "lead": lead.numpy()})
    with torch.no_grad():
        difference = float(np.abs(projector(features, lead).numpy() - rows).max())
    if not difference < _LARGEST_ROW_DIFFERENCE:
        raise ValueError(f"{path.name}: rows differ from torch by {difference:.1e}")
