"""A trained checkpoint to a model bundle: export, quantize, gate, and only then write."""

import hashlib
import shutil
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest, Thresholds, write_manifest
from edge.labels import BeatClass, Rhythm
from export.model import FRAMES_PER_SECOND, SAMPLES_PER_SECOND, EcgEncoder
from export.parity import ParityReport, check_parity
from export.quantize import quantize
from export.to_onnx import to_onnx

Float32 = npt.NDArray[np.float32]

MODEL_FILE = "encoder.onnx"
WINDOW_S, STRIDE_S, LOOKAHEAD_S, MAX_LEADS = 20, 2, 2, 3


def write_bundle(
    checkpoint: Path,
    folder: Path,
    windows: list[Float32],
    thresholds: Thresholds,
    training_data: tuple[str, ...],
    version: str,
) -> ParityReport:
    """Write `folder` (manifest and int8 model), or raise `ParityError` and write nothing.

    `windows` are real ECG `[leads, samples]`; half of them calibrate, the other half are the gate's.
    """
    model = EcgEncoder.from_pretrained(checkpoint)
    with TemporaryDirectory() as name:
        float_path, int8_path = Path(name) / "float.onnx", Path(name) / MODEL_FILE
        to_onnx(model, float_path)
        quantize(float_path, int8_path, windows[::2])
        manifest = _manifest(model, int8_path, thresholds, training_data, version)
        report = check_parity(model, float_path, int8_path, windows[1::2], manifest)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(int8_path, folder / MODEL_FILE)
    write_manifest(folder, manifest.model_copy(update={"figures": {"parity": asdict(report)}}))
    return report


def _manifest(
    model: EcgEncoder, onnx: Path, thresholds: Thresholds, training_data: tuple[str, ...], version: str
) -> Manifest:
    return Manifest(
        name="hearth-ecg-encoder",
        version=version,
        licence="Apache-2.0",
        onnx_file=MODEL_FILE,
        onnx_sha256=hashlib.sha256(onnx.read_bytes()).hexdigest(),
        fs_hz=SAMPLES_PER_SECOND,
        frames_per_second=FRAMES_PER_SECOND,
        window_s=WINDOW_S,
        stride_s=STRIDE_S,
        lookahead_s=LOOKAHEAD_S,
        max_leads=MAX_LEADS,
        beat_classes=tuple(BeatClass(name) for name in model.config.beat_classes),
        rhythms=tuple(Rhythm(name) for name in model.config.rhythms),
        embedding_width=model.config.widths[-1],
        thresholds=thresholds,
        training_data=training_data,
        figures={},
    )
