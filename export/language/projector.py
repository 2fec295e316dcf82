"""The projector: features of half a second of one lead to one row that the model reads as a token."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edge.bundle import Manifest
from edge.soft_tokens import LEADS, class_columns, rhythm_columns

LETTERS: Final = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q", "AFIB": "AF", "VFL": "FL", "NOISE": "NO"}
"""Tokens that stand for a class or a rhythm, as an answer says them."""

_LEARNED_SHARE, _RHYTHM_SHARE = 0.4, 0.7


class Projector(nn.Module):
    """`[n, features]` and lead codes `[n]` to rows `[n, width]` of the size of the model's own embeddings.

    A row is what is learned, beside an anchor that is fixed: the model's own embedding of the letter of each
    beat and rhythm, by its probability. So the rows can be read before anything is learned.
    """

    anchors: Tensor

    def __init__(self, n_features: int, width: int, hidden: int = 512, row_scale: float = 1.0) -> None:
        super().__init__()
        self.sizes = {"n_features": n_features, "width": width, "hidden": hidden, "row_scale": row_scale}
        self.norm = nn.LayerNorm(n_features)
        self.body = nn.Sequential(nn.Linear(n_features, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.lead = nn.Embedding(len(LEADS), width)
        self.out_norm = nn.LayerNorm(width)
        self.register_buffer("anchors", torch.zeros(n_features, width))
        nn.init.normal_(self.lead.weight, std=0.1)
        nn.init.constant_(self.out_norm.weight, _LEARNED_SHARE * row_scale)

    def forward(self, features: Tensor, lead: Tensor) -> Tensor:
        """Rows `[n, width]`."""
        learned = self.out_norm(self.body(self.norm(features)) + self.lead(lead))
        return learned + features @ self.anchors


def anchor_rows(manifest: Manifest, n_features: int, letters: Mapping[str, Tensor]) -> Tensor:
    """`[features, width]`: for features that hold a class or a rhythm, the embedding of its letter."""
    width = next(iter(letters.values())).shape[0]
    anchors = torch.zeros(n_features, width)
    columns = class_columns(manifest.frame_width, len(manifest.beat_classes))
    for place, beat_class in enumerate(manifest.beat_classes):
        anchors[torch.from_numpy(columns[:, place])] = letters[LETTERS[str(beat_class)]]
    for column, rhythm in zip(rhythm_columns(manifest).tolist(), manifest.rhythms, strict=True):
        if str(rhythm) in LETTERS and str(rhythm) != "N":
            anchors[column] = _RHYTHM_SHARE * letters[LETTERS[str(rhythm)]]
    return anchors


def save_projector(projector: Projector, folder: Path) -> None:
    """`projector.json` and `projector.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "projector.json").write_text(json.dumps(projector.sizes) + "\n")
    save_file(
        {k: v.contiguous() for k, v in projector.state_dict().items()}, folder / "projector.safetensors"
    )


def load_projector(folder: Path) -> Projector:
    """The projector of `save_projector`."""
    sizes: dict[str, Any] = json.loads((folder / "projector.json").read_text())
    projector = Projector(**sizes)
    projector.load_state_dict(load_file(folder / "projector.safetensors"))
    return projector.eval()


def export_projector(projector: Projector, path: Path) -> None:
    """As ONNX: `features` `[n, features]`, `lead` `[n]` to `rows` `[n, width]`."""
    features = torch.zeros(4, int(projector.sizes["n_features"]))
    lead = torch.zeros(4, dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter that optimum uses too
        torch.onnx.export(
            projector.eval(),
            (features, lead),
            str(path),
            input_names=["features", "lead"],
            output_names=["rows"],
            dynamic_axes={"features": {0: "n"}, "lead": {0: "n"}, "rows": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
