"""Small random checkpoints in the published layouts, by a route that shares nothing with the converter.

The reference networks are torch's own `nn.TransformerEncoder` with patches cut by hand; their parameters are
saved under the published names. What the converter computes from the file must be what they compute.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

# sizes that differ from each other, so that no two axes can be mistaken
WIDTH, HIDDEN, BLOCKS, HEADS, JOINT = 128, 192, 3, 2, 48
COCA_PATCH, COCA_PATCHES = 25, 7
ANY_PATCH, ANY_PATCHES = 40, 3
LEADS = 12

STOCK_TO_COCA = {
    "norm1": "ln_1",
    "self_attn.in_proj_": "attn.in_proj_",
    "self_attn.out_proj": "attn.out_proj",
    "norm2": "ln_2",
    "linear1": "mlp.c_fc",
    "linear2": "mlp.c_proj",
}
STOCK_TO_ANYECG = {
    "norm1": "0.norm",
    "self_attn.in_proj_weight": "0.to_qkv.weight",
    "self_attn.out_proj": "0.to_out.0",
    "norm2": "1.net.0",
    "linear1": "1.net.1",
    "linear2": "1.net.4",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A published checkpoint's tensors, and what its network gives for `[batch, leads, samples]`."""

    state: dict[str, Tensor]
    outputs: Callable[[Tensor], dict[str, Tensor]]
    n_samples: int


@pytest.fixture(scope="session")
def ecg_coca() -> Reference:
    torch.manual_seed(1)
    stock = _stock_transformer()
    conv = nn.Conv1d(LEADS, WIDTH, COCA_PATCH, stride=COCA_PATCH, bias=False)
    class_token, positions = torch.randn(WIDTH), torch.randn(COCA_PATCHES + 1, WIDTH)
    before, after, joint = _norm(WIDTH), _norm(WIDTH), torch.randn(WIDTH, JOINT)

    @torch.no_grad()
    def outputs(ecg: Tensor) -> dict[str, Tensor]:
        kernel = conv.weight.reshape(WIDTH, -1)
        cut = [
            ecg[:, :, i : i + COCA_PATCH].flatten(1) @ kernel.T for i in range(0, ecg.shape[2], COCA_PATCH)
        ]
        tokens = torch.stack([class_token.expand(len(ecg), WIDTH), *cut], dim=1) + positions
        hidden = stock(before(tokens))
        normed = after(hidden)
        embedding = normed[:, 0] @ joint
        embedding = embedding / embedding.norm(dim=1, keepdim=True)
        return {"ecg_embedding": embedding, "patch_tokens": normed[:, 1:], "last_hidden": hidden}

    state = {
        "class_embedding": class_token,
        "positional_embedding": positions,
        "conv1.weight": conv.weight,
        "proj": joint,
        **_named("ln_pre", before),
        **_named("ln_post", after),
        **_renamed(stock, "transformer.resblocks", STOCK_TO_COCA),
    }
    return Reference({f"ecg.{key}": value.detach() for key, value in state.items()}, outputs, 175)


@pytest.fixture(scope="session")
def anyecg() -> Reference:
    torch.manual_seed(2)
    stock = _stock_transformer()
    for layer in stock.layers:
        nn.init.zeros_(layer.self_attn.in_proj_bias)  # the published layout has none
    patch_norm, patch, token_norm = _norm(ANY_PATCH), nn.Linear(ANY_PATCH, WIDTH), _norm(WIDTH)
    class_token = torch.randn(WIDTH)
    leads, positions = torch.randn(1, LEADS, WIDTH), torch.randn(1, ANY_PATCHES + 1, WIDTH)
    after, joint = _norm(WIDTH), nn.Linear(WIDTH, JOINT, bias=False)

    @torch.no_grad()
    def outputs(ecg: Tensor) -> dict[str, Tensor]:
        tokens = [(class_token + positions[0, 0]).expand(len(ecg), WIDTH)]
        for lead in range(LEADS):
            for index in range(ANY_PATCHES):
                window = ecg[:, lead, index * ANY_PATCH : (index + 1) * ANY_PATCH]
                token = token_norm(patch(patch_norm(window)))
                tokens.append(token + leads[0, lead] + positions[0, 1 + index])
        hidden = stock(torch.stack(tokens, dim=1))
        return {"last_hidden": hidden, "ecg_embedding": joint(after(hidden[:, 0]))}

    state = {
        "cls_token": class_token,
        "lead_embedding": leads,
        "pos_embedding": positions,
        "fc.weight": joint.weight,
        **_named("to_patch_embedding.1", patch_norm),
        **_named("to_patch_embedding.2", patch),
        **_named("to_patch_embedding.3", token_norm),
        **_named("norm", after),
        **_renamed(stock, "transformer.layers", STOCK_TO_ANYECG),
    }
    return Reference({key: value.detach() for key, value in state.items()}, outputs, 120)


def _stock_transformer() -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    stock = nn.TransformerEncoder(layer, BLOCKS, enable_nested_tensor=False).eval()
    for parameter in stock.parameters():
        # every block its own values, norms and biases too
        nn.init.normal_(parameter, mean=1.0 if parameter.ndim == 1 else 0.0, std=0.08)
    return stock


def _norm(width: int) -> nn.LayerNorm:
    norm = nn.LayerNorm(width)
    nn.init.normal_(norm.weight, mean=1.0, std=0.3)
    nn.init.normal_(norm.bias, std=0.3)
    return norm


def _named(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": value for key, value in module.state_dict().items()}


def _renamed(stock: nn.TransformerEncoder, prefix: str, names: dict[str, str]) -> dict[str, Tensor]:
    renamed = {}
    for index, layer in enumerate(stock.layers):
        for key, value in layer.state_dict().items():
            for old, new in names.items():
                if key.startswith(old):
                    renamed[f"{prefix}.{index}.{key.replace(old, new)}"] = value
    return renamed
