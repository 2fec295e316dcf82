"""The ViT of anyECG-chat (arXiv 2506.00942).

Facts of the layout, from the published source (github.com/CuCl-2/anyECG-chat): names, shapes, the order of
operations and the three sizes from anyecg/ecgvit.py, the prefix `ecg_model.model.` of the contrastive
checkpoint and `fc` without bias from anyecg/ecg_language_modeling.py, the bare keys of `ecg_model.pth` from
train.py, the input from anyecg/utils.py. Shapes do not tell the number of heads: base (768) and large
(1024) have heads 64 wide, the small one (256 wide, 6 blocks) 32.

Derived, not read: that `fc` of the contrastive checkpoint gives the joint embedding (its training code is
not published); a file without `fc` is therefore taken too and gives the tokens alone. The variant whose
patches span all leads (`conv_patch`) is refused.
"""

import torch
from torch import Tensor, nn

from export.published.checkpoint import State
from export.published.encoder import EcgInput, PublishedEncoder
from export.published.layout import Layout, count_blocks, heads_of
from export.published.transformer import Block

FS_HZ = 100
HEAD_WIDTH = 64
SMALL = (256, 6)  # width and blocks of the one size with heads of another width
SMALL_HEAD_WIDTH = 32

LAYOUT = Layout(
    prefixes=("ecg_model.model.", "ecg_model.", ""),
    signature={
        "cls_token": 1,
        "lead_embedding": 3,
        "pos_embedding": 3,
        "to_patch_embedding.2.weight": 2,
        "transformer.layers.0.0.to_qkv.weight": 2,
        "transformer.layers.0.1.net.1.weight": 2,
    },
    keys={
        "cls_token": "class_token",
        "lead_embedding": "leads",
        "pos_embedding": "positions",
        "to_patch_embedding.1.weight": "patch_norm.weight",
        "to_patch_embedding.1.bias": "patch_norm.bias",
        "to_patch_embedding.2.weight": "patch.weight",
        "to_patch_embedding.2.bias": "patch.bias",
        "to_patch_embedding.3.weight": "token_norm.weight",
        "to_patch_embedding.3.bias": "token_norm.bias",
        "norm.weight": "norm_after.weight",
        "norm.bias": "norm_after.bias",
    },
    block_prefix="transformer.layers.{}.",
    block_keys={
        "0.norm.weight": "norm_attention.weight",
        "0.norm.bias": "norm_attention.bias",
        "0.to_qkv.weight": "qkv.weight",
        "0.to_out.0.weight": "out.weight",
        "0.to_out.0.bias": "out.bias",
        "1.net.0.weight": "norm_feed.weight",
        "1.net.0.bias": "norm_feed.bias",
        "1.net.1.weight": "feed_in.weight",
        "1.net.1.bias": "feed_in.bias",
        "1.net.4.weight": "feed_out.weight",
        "1.net.4.bias": "feed_out.bias",
    },
    optional={"fc.weight": "joint.weight", "fc.bias": "joint.bias"},
)

OUTPUTS = {
    "last_hidden": "[batch, 1 + leads * patches, width] of the last block, class token first and then lead by"
    " lead, what anyECG-chat's projector reads",
    "ecg_embedding": "[batch, joint width] of the class token, not scaled to unit length",
}


class AnyEcgVit(nn.Module):
    """A transformer over patches of one lead each."""

    def __init__(self, sizes: dict[str, int], *, joint_bias: bool) -> None:
        super().__init__()
        width, self.patch_samples = sizes["width"], sizes["patch_samples"]
        self.patch_norm, self.token_norm = nn.LayerNorm(self.patch_samples), nn.LayerNorm(width)
        self.patch = nn.Linear(self.patch_samples, width)
        self.leads = nn.Parameter(torch.zeros(1, sizes["leads"], width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + sizes["patches"], width))
        self.class_token = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(
            Block(width, sizes["hidden"], sizes["heads"], qkv_bias=False) for _ in range(sizes["blocks"])
        )
        self.norm_after = nn.LayerNorm(width)
        joint_width = sizes.get("joint_width")
        self.joint = None if joint_width is None else nn.Linear(width, joint_width, bias=joint_bias)

    def forward(self, ecg: Tensor) -> tuple[Tensor, ...]:
        """`[batch, leads, samples]` to `OUTPUTS`, or to the first of them."""
        windows = ecg.unflatten(2, (-1, self.patch_samples))
        patches = self.token_norm(self.patch(self.patch_norm(windows)))
        patches = patches + self.leads[:, :, None] + self.positions[:, None, 1:]
        first = (self.class_token + self.positions[:, :1]).expand(ecg.shape[0], -1, -1)
        tokens = torch.cat([first, patches.flatten(1, 2)], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        if self.joint is None:
            return (tokens,)
        return tokens, self.joint(self.norm_after(tokens[:, 0]))


def describe(tensors: State) -> PublishedEncoder:
    """Sizes from the shapes of the encoder's tensors; the module has no values yet (meta device)."""
    width, patch = tensors["to_patch_embedding.2.weight"].shape
    n_leads, n_patches = tensors["lead_embedding"].shape[1], tensors["pos_embedding"].shape[1] - 1
    n_blocks = count_blocks(LAYOUT, tensors)
    sizes = {
        "leads": n_leads,
        "patch_samples": patch,
        "patches": n_patches,
        "width": width,
        "blocks": n_blocks,
        "heads": heads_of(width, SMALL_HEAD_WIDTH if (width, n_blocks) == SMALL else HEAD_WIDTH),
        "hidden": tensors["transformer.layers.0.1.net.1.weight"].shape[0],
    }
    joint = tensors.get("fc.weight")
    if joint is not None:
        sizes["joint_width"] = joint.shape[0]
    ecg = _input(n_leads, n_patches * patch)
    outputs = OUTPUTS if joint is not None else {"last_hidden": OUTPUTS["last_hidden"]}
    with torch.device("meta"):
        module = AnyEcgVit(sizes, joint_bias="fc.bias" in tensors)
    return PublishedEncoder(module, sizes, ecg, outputs)


def _input(n_leads: int, n_samples: int) -> EcgInput:
    return EcgInput(
        n_leads=n_leads,
        n_samples=n_samples,
        fs_hz=FS_HZ,
        lead_order="I, II, III, aVR, aVL, aVF, V1 to V6; a lead that was not recorded is 0 throughout",
        unit="none",
        preparation="resampled by FFT; each lead scaled so that its minimum is -1 and its maximum 1, a flat"
        " lead to 0; zero-padded at the end to n_samples",
        longer_recordings="consecutive windows, the last one padded; class tokens averaged, others joined",
    )
