"""The projector: features of half a second of one lead to one row that the model reads as a token."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edge.soft_tokens import LEADS


class Projector(nn.Module):
    """`[n, features]` and lead codes `[n]` to rows `[n, width]` of the size of the model's own embeddings."""

    def __init__(self, n_features: int, width: int, hidden: int = 512, row_scale: float = 1.0) -> None:
        super().__init__()
        self.sizes = {"n_features": n_features, "width": width, "hidden": hidden, "row_scale": row_scale}
        self.norm = nn.LayerNorm(n_features)
        self.body = nn.Sequential(nn.Linear(n_features, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.lead = nn.Embedding(len(LEADS), width)
        self.out_norm = nn.LayerNorm(width)
        nn.init.normal_(self.lead.weight, std=0.1)
        nn.init.constant_(self.out_norm.weight, row_scale)

    def forward(self, features: Tensor, lead: Tensor) -> Tensor:
        """Rows `[n, width]`."""
        return self.out_norm(self.body(self.norm(features)) + self.lead(lead))


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
