"""The projector: the same in ONNX, and anchored to the letters of classes."""

import numpy as np
import torch

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.onnx_session import OnnxSession
from edge.soft_tokens import class_columns, rhythm_columns
from export.language.projector import (
    LETTERS,
    Projector,
    anchor_rows,
    export_projector,
    load_projector,
    save_projector,
)

N_FEATURES, WIDTH = 236, 24


def anchored() -> Projector:
    torch.manual_seed(3)
    projector = Projector(N_FEATURES, WIDTH, hidden=16)
    letters = {letter: torch.randn(WIDTH) for letter in LETTERS.values()}
    projector.anchors.copy_(anchor_rows(load_manifest(DEFAULT_BUNDLE), N_FEATURES, letters))
    return projector.eval()


def test_saved_loaded_and_in_onnx_it_gives_the_same_rows(tmp_path):
    projector = anchored()
    save_projector(projector, tmp_path)
    export_projector(projector, tmp_path / "projector.onnx")
    features, lead = torch.randn(7, N_FEATURES), torch.arange(7) % 3
    with torch.no_grad():
        rows = projector(features, lead)
        again = load_projector(tmp_path)(features, lead)
    assert torch.equal(rows, again)
    inputs = {"features": features.numpy(), "lead": lead.numpy()}
    (onnx,) = OnnxSession(tmp_path / "projector.onnx").run(("rows",), inputs)
    assert np.abs(onnx - rows.numpy()).max() < 1e-4


def test_a_beat_moves_its_row_towards_its_letter():
    projector, manifest = anchored(), load_manifest(DEFAULT_BUNDLE)
    columns = class_columns(manifest.frame_width, len(manifest.beat_classes))
    ventricular = manifest.beat_classes.index("V")
    beat = torch.zeros(1, N_FEATURES)
    beat[0, columns[2, ventricular]] = 1.0
    moved = (beat @ projector.anchors)[0]
    assert torch.equal(moved, projector.anchors[columns[0, ventricular]])
    assert int((projector.anchors.abs().sum(dim=1) > 0).sum()) == columns.size + 3


def test_columns_are_where_the_features_are():
    manifest = load_manifest(DEFAULT_BUNDLE)
    assert rhythm_columns(manifest)[-1] == N_FEATURES - 1 - 1 - len(manifest.screens)
