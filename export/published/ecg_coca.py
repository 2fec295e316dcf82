"""The ECG tower of ECG-CoCa, the encoder of ECG-Chat (arXiv 2408.08849).

Facts of the layout, from the published source (github.com/YubaoZhao/ECG-Chat, an open_clip fork):
names, shapes and the order of operations from open_clip/transformer.py (EcgTransformer), sizes from
coca_ViT-B-32.json, the file's form (`state_dict` with `module.ecg.` keys) from training/main.py, the input
from ecg_transform.py and constants.py. Heads are 64 wide (model.py); shapes cannot tell that. The layout
gives 152 tensors for the tower and 666 with the text tower and the decoder, as many as were reported for
the circulating file. Variants that the source allows but the published sizes do not use (attention pooling,
layer scale, no first norm) are refused by name.
"""

import torch
from torch import Tensor, nn

from export.published.checkpoint import State
from export.published.encoder import EcgInput, PublishedEncoder
from export.published.layout import Layout, count_blocks, heads_of
from export.published.transformer import Block

FS_HZ = 500
HEAD_WIDTH = 64

LAYOUT = Layout(
    prefixes=("ecg.", ""),
    signature={
        "class_embedding": 1,
        "positional_embedding": 2,
        "conv1.weight": 3,
        "proj": 2,
        "transformer.resblocks.0.attn.in_proj_weight": 2,
        "transformer.resblocks.0.mlp.c_fc.weight": 2,
    },
    keys={
        "class_embedding": "class_token",
        "positional_embedding": "positions",
        "conv1.weight": "patches.weight",
        "ln_pre.weight": "norm_before.weight",
        "ln_pre.bias": "norm_before.bias",
        "ln_post.weight": "norm_after.weight",
        "ln_post.bias": "norm_after.bias",
        "proj": "joint",
    },
    block_prefix="transformer.resblocks.{}.",
    block_keys={
        "ln_1.weight": "norm_attention.weight",
        "ln_1.bias": "norm_attention.bias",
        "attn.in_proj_weight": "qkv.weight",
        "attn.in_proj_bias": "qkv.bias",
        "attn.out_proj.weight": "out.weight",
        "attn.out_proj.bias": "out.bias",
        "ln_2.weight": "norm_feed.weight",
        "ln_2.bias": "norm_feed.bias",
        "mlp.c_fc.weight": "feed_in.weight",
        "mlp.c_fc.bias": "feed_in.bias",
        "mlp.c_proj.weight": "feed_out.weight",
        "mlp.c_proj.bias": "feed_out.bias",
    },
)

OUTPUTS = {
    "ecg_embedding": "[batch, joint width] of unit length, to compare with report embeddings",
    "patch_tokens": "[batch, patches, width] after the last norm, what the captioning decoder reads",
    "last_hidden": "[batch, 1 + patches, width] of the last block, class token first, what ECG-Chat's"
    " language model reads",
}


class EcgCoca(nn.Module):
    """A transformer over patches that each span all leads."""

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__()
        width, patch = sizes["width"], sizes["patch_samples"]
        self.patches = nn.Conv1d(sizes["leads"], width, patch, stride=patch, bias=False)
        self.class_token = nn.Parameter(torch.zeros(width))
        self.positions = nn.Parameter(torch.zeros(1 + sizes["patches"], width))
        self.norm_before, self.norm_after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            Block(width, sizes["hidden"], sizes["heads"], qkv_bias=True) for _ in range(sizes["blocks"])
        )
        self.joint = nn.Parameter(torch.zeros(width, sizes["joint_width"]))

    def forward(self, ecg: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`[batch, leads, samples]` to `OUTPUTS`."""
        patches = self.patches(ecg).transpose(1, 2)
        first = self.class_token.expand(patches.shape[0], 1, -1)
        tokens = self.norm_before(torch.cat([first, patches], dim=1) + self.positions)
        for block in self.blocks:
            tokens = block(tokens)
        normed = self.norm_after(tokens)
        embedding = nn.functional.normalize(normed[:, 0] @ self.joint, dim=1)
        return embedding, normed[:, 1:], tokens


def describe(tensors: State) -> PublishedEncoder:
    """Sizes from the shapes of the tower's tensors; the module has no values yet (meta device)."""
    width, leads, patch = tensors["conv1.weight"].shape
    n_patches = tensors["positional_embedding"].shape[0] - 1
    sizes = {
        "leads": leads,
        "patch_samples": patch,
        "patches": n_patches,
        "width": width,
        "blocks": count_blocks(LAYOUT, tensors),
        "heads": heads_of(width, HEAD_WIDTH),
        "hidden": tensors["transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
        "joint_width": tensors["proj"].shape[1],
    }
    ecg = EcgInput(
        n_leads=leads,
        n_samples=n_patches * patch,
        fs_hz=FS_HZ,
        lead_order="as the records of MIMIC-IV-ECG store them; the published code does not reorder",
        unit="mV",
        preparation="not finite to 0; mean 0 and standard deviation 1 are subtracted and divided, so nothing"
        " is scaled; cut or zero-padded at the end to n_samples",
        longer_recordings="the publishers cut them",
    )
    with torch.device("meta"):
        return PublishedEncoder(EcgCoca(sizes), sizes, ecg, OUTPUTS)
