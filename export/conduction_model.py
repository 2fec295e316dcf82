"""The network that tells bundle branch block from the shape of a beat."""

import torch
from torch import Tensor, nn

from edge.beat_shape import SHAPE_BEFORE, SHAPE_SAMPLES

SEEN = slice(SHAPE_BEFORE - 20, SHAPE_BEFORE + 52)
STEEP = slice(SHAPE_BEFORE - 16, SHAPE_BEFORE + 28)
N_FEATURES = (SEEN.stop - SEEN.start) + (STEEP.stop - STEEP.start)
_SLOPE_SCALE = 3.0


class ShapeNetwork(nn.Module):
    """`[beats, SHAPE_SAMPLES]` of unit QRS to logits `[beats, 3]`: the shape, and how steep it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(N_FEATURES, affine=False)
        self.layers = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(N_FEATURES, width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, 3)
        )

    def forward(self, shapes: Tensor) -> Tensor:
        """Logits of neither, left and right."""
        steep = (
            shapes[:, STEEP.start + 1 : STEEP.stop + 1] - shapes[:, STEEP.start - 1 : STEEP.stop - 1]
        ).abs()
        features = torch.cat([shapes[:, SEEN], steep * (_SLOPE_SCALE / 2)], dim=1)
        logits: Tensor = self.layers(self.norm(features))
        return logits


class ConductionNetwork(nn.Module):
    """Several networks that learned from other draws; their mean answers."""

    def __init__(self, networks: list[ShapeNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, shapes: Tensor) -> Tensor:
        """Probabilities `[beats, 3]`."""
        return torch.stack([network(shapes).softmax(dim=1) for network in self.networks]).mean(dim=0)


def example() -> Tensor:
    """What the model is exported with."""
    return torch.zeros(2, SHAPE_SAMPLES)
