"""What a probe may see of a row of the corpus: the encoder's embeddings, the projector's rows, or parts."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx

from benchmarks.localization_probe import Inputs
from edge.bundle import DEFAULT_BUNDLE, Manifest, load_manifest
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.onnx_session import OnnxSession
from edge.soft_tokens import TOKENS_PER_SECOND, class_columns, lead_code, rhythm_columns

Float32 = npt.NDArray[np.float32]
Row = dict[str, Any]

_TENTHS: Final = 10 // TOKENS_PER_SECOND


def seen_of(corpus: Path) -> dict[str, Inputs]:
    """By name, each remembered once made."""
    features = np.load(corpus / "features.npy", mmap_mode="r")
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    session = OnnxSession(bundle.projector)
    anchors = next(
        onnx.numpy_helper.to_array(one)
        for one in onnx.load(bundle.projector).graph.initializer
        if one.name == "anchors"
    )
    columns = embedding_columns(load_manifest(DEFAULT_BUNDLE))
    raw = partial(_features, features)

    def projected(row: Row) -> Float32:
        own = raw(row)
        codes = np.repeat([lead_code(name) for name in row["leads"]], own.shape[1])
        (rows,) = session.run(("rows",), {"features": own.reshape(-1, own.shape[2]), "lead": codes})
        return rows.reshape(*own.shape[:2], -1)

    made: dict[str, Inputs] = {
        "embeddings of the encoder": lambda row: raw(row)[:, :, columns],
        "embeddings and probabilities": raw,
        "rows of the projector": projected,
        "the same without anchors": lambda row: projected(row) - raw(row) @ anchors,
        "the same with times of beats": lambda row: np.concatenate([projected(row), beat_times(row)], axis=2),
    }
    return {name: _remembering(inputs) for name, inputs in made.items()}


def embedding_columns(manifest: Manifest) -> npt.NDArray[np.int64]:
    """Which features are embeddings: of frames, of the strongest beat and of the second."""
    of_beats = class_columns(manifest.frame_width, len(manifest.beat_classes))
    of_second = np.arange(int(of_beats.max()) + 1, int(rhythm_columns(manifest).min()))
    return np.concatenate([np.arange(2 * manifest.frame_width), of_second])


def beat_times(row: Row) -> Float32:
    """`[leads, tokens, tenths]`: 1 where a beat is."""
    there = np.zeros(10 * row["seconds"], np.float32)
    tenths = [round(10 * beat["at_s"]) for beat in row["evidence"]["beats"]]
    there[[tenth for tenth in tenths if tenth < len(there)]] = 1
    return np.repeat(there.reshape(1, -1, _TENTHS), len(row["leads"]), axis=0)


def _features(features: npt.NDArray[np.float16], row: Row) -> Float32:
    """`[leads, tokens, features]`."""
    n_leads, n_tokens = len(row["leads"]), row["seconds"] * TOKENS_PER_SECOND
    own = features[row["first"] : row["first"] + n_leads * n_tokens]
    return own.astype(np.float32).reshape(n_leads, n_tokens, -1)


def _remembering(inputs: Inputs) -> Inputs:
    known: dict[int, npt.NDArray[np.float16]] = {}

    def remembered(row: Row) -> Float32:
        if row["first"] not in known:
            known[row["first"]] = inputs(row).astype(np.float16)
        return known[row["first"]].astype(np.float32)

    return remembered
