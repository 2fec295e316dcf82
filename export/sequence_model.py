"""The second stage: a recurrent network over beats, with a memory of minutes, as a transformers model."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from edge.labels import BeatClass
from edge.sequence_features import FEATURES


class SequenceConfig(PretrainedConfig):
    """Sizes, and what the outputs mean; `lookahead_s` and `delay_beats` as in the bundle's manifest."""

    model_type = "hearth_beat_sequence"

    def __init__(
        self,
        features: tuple[str, ...] = FEATURES,
        beat_classes: tuple[str, ...] = tuple(BeatClass),
        width: int = 96,
        lookahead_s: float = 1.0,
        delay_beats: int = 8,
        **kwargs: Any,
    ) -> None:
        self.features, self.beat_classes = list(features), [str(c) for c in beat_classes]
        self.width, self.lookahead_s, self.delay_beats = width, lookahead_s, delay_beats
        super().__init__(**kwargs)


@dataclass
class SequenceOutput(ModelOutput):
    """`[batch, beats, classes]`, `[batch, beats]` and `[1, batch, width]`."""

    class_logits: Tensor = None  # type: ignore[assignment]
    af_logits: Tensor = None  # type: ignore[assignment]
    next_state: Tensor = None  # type: ignore[assignment]


class BeatSequence(PreTrainedModel):
    """`features` `[batch, beats, features]` and `state` `[1, batch, width]` to `SequenceOutput`."""

    config_class = SequenceConfig  # type: ignore[assignment]
    main_input_name = "features"

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__(config)
        width = config.width
        self.project = nn.Sequential(nn.Linear(len(config.features), width // 2), nn.ReLU())
        self.memory = nn.GRU(width // 2, width, batch_first=True)
        both = width + width // 2
        self.class_head = nn.Sequential(
            nn.Linear(both, width // 2), nn.ReLU(), nn.Linear(width // 2, len(config.beat_classes))
        )
        self.af_head = nn.Linear(both, 1)
        self.post_init()

    def forward(self, features: Tensor, state: Tensor) -> SequenceOutput:
        projected = self.project(features)
        remembered, after = self.memory(projected, state)
        both = torch.cat([projected, remembered], dim=2)
        return SequenceOutput(self.class_head(both), self.af_head(both).squeeze(2), after)
