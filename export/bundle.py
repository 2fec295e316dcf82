"""A trained checkpoint to a model bundle: export, quantize, gate, and only then write."""

import hashlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest, Sequence, Thresholds, write_manifest
from edge.encoder import Encoder
from edge.labels import BeatClass, Rhythm
from export.checkpoint import read_model
from export.decision_parity import Decisions, check_decisions
from export.model import FRAMES_PER_SECOND, SAMPLES_PER_SECOND, EcgEncoder
from export.parity import ParityReport, check_parity, check_sequence
from export.quantize import quantize
from export.sequence_model import BeatSequence
from export.to_onnx import to_onnx
from export.torch_run import TorchRun

Float32 = npt.NDArray[np.float32]

MODEL_FILE, SEQUENCE_FILE = "encoder.onnx", "sequence.onnx"
WINDOW_S, STRIDE_S, LOOKAHEAD_S, MAX_LEADS = 12, 3, 1, 3


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Trained models; without `sequence` the encoder decides alone."""

    encoder: Path
    sequence: Path | None

    def read(self) -> tuple[EcgEncoder, BeatSequence | None]:
        """Both models; raises UserError where a folder holds anything else."""
        sequence = read_model(BeatSequence, self.sequence) if self.sequence else None
        return read_model(EcgEncoder, self.encoder), sequence


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the manifest says of where the models come from."""

    version: str
    training_data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateReport:
    """What was compared before the bundle was written."""

    values: ParityReport
    decisions: Decisions


def write_bundle(
    checkpoints: Checkpoints,
    folder: Path,
    windows: list[Float32],
    thresholds: Thresholds,
    provenance: Provenance,
) -> GateReport:
    """Write `folder` (manifest and models), or raise `ParityError` and write nothing.

    `windows` are real ECG `[leads, samples]`; half of them calibrate, the other half are the gate's.
    """
    encoder, sequence = checkpoints.read()
    with TemporaryDirectory() as name:
        float_path, draft = Path(name) / "float.onnx", Path(name) / "bundle"
        draft.mkdir()
        to_onnx(encoder, float_path)
        quantize(float_path, draft / MODEL_FILE, windows[::2])
        if sequence:
            to_onnx(sequence, draft / SEQUENCE_FILE)
        manifest = _manifest(encoder, sequence, draft, thresholds, provenance)
        report = check_parity(encoder, float_path, draft / MODEL_FILE, windows[1::2], manifest)
        sequence_report = check_sequence(sequence, draft / SEQUENCE_FILE) if sequence else {}
        write_manifest(draft, manifest)
        exact = Encoder(_with_float_encoder(draft, float_path, manifest))
        by_torch = Encoder(draft, TorchRun(encoder), TorchRun(sequence) if sequence else None)
        decisions = check_decisions(by_torch, exact, Encoder(draft), windows[1::2])
        figures = _figures(report, decisions, sequence_report)
        write_manifest(draft, manifest.model_copy(update={"figures": figures}))
        shutil.copytree(draft, folder, dirs_exist_ok=True)
    return GateReport(report, decisions)


def _figures(
    report: ParityReport, decisions: Decisions, sequence_report: dict[str, float]
) -> dict[str, dict[str, float]]:
    """`parity` as manifests have always had it, torch to int8 and float to int8; and all three pairs."""
    pairs = asdict(decisions)
    parity = {**pairs["float_to_int8"], **asdict(report), **sequence_report}
    return {"parity": parity} | {f"decisions_{pair}": shares for pair, shares in pairs.items()}


def _with_float_encoder(draft: Path, float_path: Path, manifest: Manifest) -> Path:
    """The same bundle beside it, but for the encoder."""
    folder = draft.with_name("float_bundle")
    shutil.copytree(draft, folder)
    shutil.copy(float_path, folder / MODEL_FILE)
    write_manifest(folder, manifest.model_copy(update={"onnx_sha256": _sha256(float_path)}))
    return folder


def _manifest(
    encoder: EcgEncoder,
    sequence: BeatSequence | None,
    folder: Path,
    thresholds: Thresholds,
    provenance: Provenance,
) -> Manifest:
    return Manifest(
        name="hearth-ecg-encoder",
        version=provenance.version,
        licence="Apache-2.0",
        onnx_file=MODEL_FILE,
        onnx_sha256=_sha256(folder / MODEL_FILE),
        fs_hz=SAMPLES_PER_SECOND,
        frames_per_second=FRAMES_PER_SECOND,
        window_s=WINDOW_S,
        stride_s=STRIDE_S,
        lookahead_s=LOOKAHEAD_S,
        max_leads=MAX_LEADS,
        beat_classes=tuple(BeatClass(name) for name in encoder.config.beat_classes),
        rhythms=tuple(Rhythm(name) for name in encoder.config.rhythms),
        waves=tuple(encoder.config.waves),
        screens=tuple(encoder.config.screens),
        frame_width=encoder.config.widths[0],
        embedding_width=encoder.config.widths[-1],
        text_width=encoder.config.text_width,
        sequence=_sequence_manifest(sequence, folder / SEQUENCE_FILE) if sequence else None,
        thresholds=thresholds,
        training_data=provenance.training_data,
        figures={},
    )


def _sequence_manifest(model: BeatSequence, path: Path) -> Sequence:
    config = model.config
    return Sequence(
        onnx_file=path.name,
        onnx_sha256=_sha256(path),
        features=tuple(config.features),
        width=config.width,
        lookahead_s=config.lookahead_s,
        delay_beats=config.delay_beats,
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
