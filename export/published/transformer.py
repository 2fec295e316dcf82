"""The block that both published encoders are made of: pre-norm attention, then two layers with GELU."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """`[batch, tokens, width]` to the same; query, key and value lie in this order in `qkv`."""

    def __init__(self, width: int, hidden: int, n_heads: int, *, qkv_bias: bool) -> None:
        super().__init__()
        self.n_heads, self.head_width = n_heads, width // n_heads
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=qkv_bias), nn.Linear(width, width)
        self.feed_in, self.feed_out = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Attention, then feed-forward, each around a skip."""
        tokens = tokens + self._attend(self.norm_attention(tokens))
        hidden = nn.functional.gelu(self.feed_in(self.norm_feed(tokens)))
        return tokens + self.feed_out(hidden)

    def _attend(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(2, (self.n_heads, self.head_width)).transpose(1, 2)
            for part in self.qkv(tokens).chunk(3, dim=2)
        )
        weights = torch.softmax(query @ key.transpose(2, 3) * self.head_width**-0.5, dim=3)
        return self.out((weights @ value).transpose(1, 2).flatten(2))
