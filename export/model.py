"""The ECG encoder: one small network for 1 to 3 leads and any length, as a transformers model.

Per lead and with shared weights, convolutions bring 128 Hz down to 16 Hz; the mean over leads makes the
rest independent of their number and order. Transformer blocks at 8 Hz see the whole window, so that a
beat is judged beside its neighbours. A U-Net path brings beats back to 64 Hz and waves to 128 Hz.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from edge.labels import BeatClass, Rhythm

SAMPLES_PER_SECOND = 128
FRAMES_PER_SECOND = 64
TOKENS_PER_SECOND = 8


class EncoderConfig(PretrainedConfig):
    """Sizes of the network and its labels, in the order of the output columns."""

    model_type = "hearth_ecg_encoder"

    def __init__(
        self,
        beat_classes: tuple[str, ...] = tuple(BeatClass),
        rhythms: tuple[str, ...] = tuple(Rhythm),
        waves: tuple[str, ...] = ("none", "P", "QRS", "T"),
        screens: tuple[str, ...] = ("N", "A", "O", "~"),
        widths: tuple[int, int, int, int] = (32, 64, 96, 128),
        n_blocks: int = 4,
        n_heads: int = 4,
        dropout: float = 0.1,
        text_width: int = 128,
        **kwargs: Any,
    ) -> None:
        self.beat_classes, self.rhythms = [str(c) for c in beat_classes], [str(r) for r in rhythms]
        self.waves, self.screens = list(waves), list(screens)
        self.widths, self.n_blocks, self.n_heads, self.dropout = list(widths), n_blocks, n_heads, dropout
        self.text_width = text_width
        super().__init__(**kwargs)


@dataclass
class EncoderOutput(ModelOutput):
    """Logits by frame (64 Hz), sample (128 Hz) and second, and an embedding for each frame and second.

    `[batch, frames]`, `[batch, frames, classes]`, `[batch, frames, width]`, `[batch, samples, waves]`,
    `[batch, seconds, rhythms]`, `[batch, seconds]`, `[batch, seconds, screens]`, `[batch, seconds, width]`;
    and one of the window beside that of a text, `[batch, text_width]`.
    """

    beat_logits: Tensor = None  # type: ignore[assignment]
    class_logits: Tensor = None  # type: ignore[assignment]
    frame_embeddings: Tensor = None  # type: ignore[assignment]
    wave_logits: Tensor = None  # type: ignore[assignment]
    rhythm_logits: Tensor = None  # type: ignore[assignment]
    quality_logits: Tensor = None  # type: ignore[assignment]
    screen_logits: Tensor = None  # type: ignore[assignment]
    second_embeddings: Tensor = None  # type: ignore[assignment]
    window_embedding: Tensor = None  # type: ignore[assignment]


class ResidualConv(nn.Module):
    """Two convolutions around a skip."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(width, width, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def _down(n_in: int, n_out: int, kernel: int) -> nn.Sequential:
    """Halve the rate."""
    conv = nn.Conv1d(n_in, n_out, kernel, stride=2, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(n_out), nn.ReLU(), ResidualConv(n_out, 5))


class Up(nn.Module):
    """Double the rate and add the skip of that rate."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.narrow = nn.Conv1d(n_in, n_out, 1)
        self.mix = ResidualConv(n_out, 5)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        doubled = self.narrow(x).repeat_interleave(2, dim=2)
        return self.mix(doubled + skip)


class Block(nn.Module):
    """Pre-norm transformer block; a depthwise convolution tells it about order."""

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.position = nn.Conv1d(width, width, 9, padding=4, groups=width)
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.position(x.transpose(1, 2)).transpose(1, 2)
        x = x + self.drop(self._attend(self.norm_attention(x)))
        return x + self.drop(self.feed(self.norm_feed(x)))

    def _attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = self.qkv(x).view(batch, length, 3, self.n_heads, width // self.n_heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) * (width // self.n_heads) ** -0.5
        mixed = (scores.softmax(dim=3) @ value).transpose(1, 2)
        return self.out(mixed.reshape(batch, length, width))


class WindowHead(nn.Module):
    """Seconds to one vector of unit length, beside the vectors of texts; four questions pick the seconds."""

    def __init__(self, width: int, n_out: int) -> None:
        super().__init__()
        self.questions = nn.Linear(width, 4)
        self.answer = nn.Sequential(nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, n_out))

    def forward(self, seconds: Tensor) -> Tensor:
        weights = self.questions(seconds).softmax(dim=1)
        picked = (weights.transpose(1, 2) @ seconds).flatten(1)
        return nn.functional.normalize(self.answer(picked), dim=1)


class EcgEncoder(PreTrainedModel):
    """`ecg` `[batch, leads, samples]` in mV at 128 Hz, samples a multiple of 128, to `EncoderOutput`."""

    config_class = EncoderConfig  # type: ignore[assignment]
    main_input_name = "ecg"

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.encoder_config = config
        w64, w32, w16, w8 = config.widths
        self.stem = nn.Sequential(nn.Conv1d(2, w64, 9, stride=2, padding=4), nn.ReLU(), ResidualConv(w64, 7))
        self.down32, self.down16, self.down8 = _down(w64, w32, 7), _down(w32, w16, 5), _down(w16, w8, 5)
        self.blocks = nn.ModuleList(Block(w8, config.n_heads, config.dropout) for _ in range(config.n_blocks))
        self.norm = nn.LayerNorm(w8)
        self.up16, self.up32, self.up64 = Up(w8, w16), Up(w16, w32), Up(w32, w64)
        self.beat_head = nn.Conv1d(w64, 1, 5, padding=2)
        self.class_head = nn.Conv1d(w64, len(config.beat_classes), 5, padding=2)
        self.wave_head = nn.Conv1d(
            w64, len(config.waves) * SAMPLES_PER_SECOND // FRAMES_PER_SECOND, 5, padding=2
        )
        self.second_head = nn.Linear(2 * w8, w8)
        self.rhythm_head = nn.Linear(w8, len(config.rhythms))
        self.quality_head = nn.Linear(w8, 1)
        self.screen_head = nn.Linear(w8, len(config.screens))
        self.window_head = WindowHead(w8, config.text_width)
        self.post_init()

    def forward(self, ecg: Tensor) -> EncoderOutput:
        batch, leads, samples = ecg.shape
        at64 = self.stem(_normalised(ecg).reshape(batch * leads, 2, samples))
        at32 = self.down32(at64)
        at16 = self.down16(at32)
        skip64, skip32, skip16 = (_mean_over_leads(x, batch, leads) for x in (at64, at32, at16))
        tokens = self.down8(skip16).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        frames = self.up64(self.up32(self.up16(tokens.transpose(1, 2), skip16), skip32), skip64)
        seconds = self._seconds(tokens)
        return EncoderOutput(
            beat_logits=self.beat_head(frames).squeeze(1),
            class_logits=self.class_head(frames).transpose(1, 2),
            frame_embeddings=frames.transpose(1, 2),
            wave_logits=self._waves(frames),
            rhythm_logits=self.rhythm_head(seconds),
            quality_logits=self.quality_head(seconds).squeeze(2),
            screen_logits=self.screen_head(seconds),
            second_embeddings=seconds,
            window_embedding=self.window_head(seconds),
        )

    def _waves(self, frames: Tensor) -> Tensor:
        """Two samples of 128 Hz out of each frame of 64 Hz."""
        batch, length = frames.shape[0], frames.shape[2]
        pairs = self.wave_head(frames).transpose(1, 2)
        n = len(self.encoder_config.waves)
        return pairs.reshape(batch, length * SAMPLES_PER_SECOND // FRAMES_PER_SECOND, n)

    def _seconds(self, tokens: Tensor) -> Tensor:
        batch, length, width = tokens.shape
        grouped = tokens.view(batch, length // TOKENS_PER_SECOND, TOKENS_PER_SECOND, width)
        both = torch.cat([grouped.mean(dim=2), grouped.amax(dim=2)], dim=2)
        return nn.functional.gelu(self.second_head(both))


def _normalised(ecg: Tensor) -> Tensor:
    """Each lead as two channels: over its mean amplitude, and compressed, so that size stays known."""
    scale = ecg.abs().mean(dim=2, keepdim=True).clamp(min=0.005)
    relative = (ecg / scale).clamp(-20.0, 20.0) * 0.3
    compressed = torch.tanh(ecg * 0.5) * 2.0
    return torch.stack([relative, compressed], dim=2)


def _mean_over_leads(x: Tensor, batch: int, leads: int) -> Tensor:
    return x.view(batch, leads, x.shape[1], x.shape[2]).mean(dim=1)
