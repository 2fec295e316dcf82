"""Which family a checkpoint is of, its sizes from its shapes, and what is said of one that does not fit."""

import pytest
import torch
from safetensors.torch import save_file

from edge.errors import UserError
from export.published.convert import read_encoder
from export.published.families import recognise
from export.published.layout import load_strictly, tower

BASE, BASE_HIDDEN = 768, 3072


@pytest.fixture(params=["ecg_coca", "anyecg"])
def reference(request):
    return request.getfixturevalue(request.param)


def complaint(tmp_path, state) -> str:
    save_file({key: value.contiguous() for key, value in state.items()}, tmp_path / "c.safetensors")
    with pytest.raises(UserError) as caught:
        read_encoder(tmp_path / "c.safetensors")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'c.safetensors'}: ")
    assert "\n" not in message
    return message


def test_every_key_is_needed(reference, tmp_path) -> None:
    for key in reference.state:
        if key == "fc.weight":
            continue
        state = {name: value for name, value in reference.state.items() if name != key}
        # a key of the signature: another layout; any other: named as missing
        assert key.removeprefix("ecg.") in complaint(tmp_path, state)


def test_every_shape_is_checked(reference, tmp_path) -> None:
    for key, value in reference.state.items():
        if key in ("ecg.positional_embedding", "fc.weight"):
            continue  # their first axis alone tells the number of patches, and the joint width
        grown = torch.cat([value, value[:1]]) if value.shape[0] > 1 else torch.cat([value, value])
        complaint(tmp_path, reference.state | {key: grown})


def test_a_left_over_key_of_the_encoder_is_named(ecg_coca, anyecg, tmp_path) -> None:
    pooled = ecg_coca.state | {"ecg.attn_pool.query": torch.zeros(2)}
    assert "missing none; unexpected attn_pool.query" in complaint(tmp_path, pooled)
    scaled = ecg_coca.state | {"ecg.transformer.resblocks.0.ls_1.gamma": torch.zeros(2)}
    assert "unexpected transformer.resblocks.0.ls_1.gamma" in complaint(tmp_path, scaled)
    biased = anyecg.state | {"transformer.layers.1.0.to_qkv.bias": torch.zeros(2)}
    assert "unexpected transformer.layers.1.0.to_qkv.bias" in complaint(tmp_path, biased)


def test_a_gap_between_blocks_is_named(ecg_coca, tmp_path) -> None:
    state = {key.replace("resblocks.2.", "resblocks.1000000000."): v for key, v in ecg_coca.state.items()}
    message = complaint(tmp_path, state)
    assert "missing transformer.resblocks.2.ln_1.weight" in message
    assert "resblocks.1000000000." in message
    assert "and 7 more" in message


def test_an_unknown_layout_says_what_was_expected_and_found(tmp_path) -> None:
    resnet = {"conv1.weight": torch.zeros(64, 12, 7), "layer1.0.bn1.weight": torch.zeros(64)}
    message = complaint(tmp_path, resnet)
    assert "unknown layout" in message
    assert "for ecg-coca class_embedding of 1 axes" in message
    assert "for anyecg-vit ecg_model.model.cls_token of 1 axes" in message
    assert "found: 2 tensors, the first 'conv1.weight' (64, 12, 7), 'layer1.0.bn1.weight' (64,)" in message


def test_an_image_tower_of_open_clip_is_not_taken_for_an_ecg(ecg_coca, tmp_path) -> None:
    state = {key.removeprefix("ecg."): value for key, value in ecg_coca.state.items()}
    state["conv1.weight"] = torch.zeros(128, 3, 8, 8)
    assert "for ecg-coca conv1.weight of 3 axes" in complaint(tmp_path, state)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.full((128,), float("nan")), "ln_pre.bias: holds values that are not finite"),
        (torch.zeros(128, dtype=torch.int8), "ln_pre.bias: torch.int8, expected dense floating point"),
    ],
)
def test_weights_that_are_no_weights_are_refused(ecg_coca, tmp_path, value, message) -> None:
    assert message in complaint(tmp_path, ecg_coca.state | {"ecg.ln_pre.bias": value})


def test_sizes_that_make_no_encoder_are_refused(ecg_coca, tmp_path) -> None:
    alone = ecg_coca.state | {"ecg.positional_embedding": torch.zeros(1, 128)}
    assert "encoder shapes give patches = 0" in complaint(tmp_path, alone)
    narrow = ecg_coca.state | {"ecg.conv1.weight": torch.zeros(100, 12, 25)}
    assert "encoder width 100: heads of this family are 64 wide" in complaint(tmp_path, narrow)


def test_the_small_anyecg_has_heads_of_32() -> None:
    state = anyecg_state(width=256, hidden=512, n_blocks=6, joint=3)
    family, prefix = recognise(state)
    assert family.describe(tower(prefix, state)).sizes["heads"] == 8


def test_the_full_ecg_coca_fits_its_published_sizes() -> None:
    state = coca_state()
    family, prefix = recognise(state)
    encoder = family.describe(tower(prefix, state))
    assert (family.name, len(state)) == ("ecg-coca", 152)
    assert encoder.sizes == {
        "leads": 12,
        "patch_samples": 50,
        "patches": 100,
        "width": 768,
        "blocks": 12,
        "heads": 12,
        "hidden": 3072,
        "joint_width": 512,
    }
    assert encoder.ecg.n_samples / encoder.ecg.fs_hz == 10
    assert fills(family, tower(prefix, state), encoder) == 85_989_888
    shapes = {name: tuple(out.shape) for name, out in zip(encoder.outputs, run_on_meta(encoder), strict=True)}
    assert shapes == {
        "ecg_embedding": (2, 512),
        "patch_tokens": (2, 100, 768),
        "last_hidden": (2, 101, 768),
    }


def test_the_full_anyecg_fits_its_published_sizes() -> None:
    state = anyecg_state(width=BASE, hidden=BASE_HIDDEN, n_blocks=12, joint=512)
    family, prefix = recognise(state)
    encoder = family.describe(tower(prefix, state))
    assert (encoder.sizes["heads"], encoder.sizes["patches"], encoder.sizes["blocks"]) == (12, 5, 12)
    assert encoder.ecg.n_samples / encoder.ecg.fs_hz == 10
    assert round(fills(family, tower(prefix, state), encoder) / 1e6, 1) == 85.6
    hidden, embedding = run_on_meta(encoder)
    assert (tuple(hidden.shape), tuple(embedding.shape)) == ((2, 61, 768), (2, 512))


def fills(family, tensors, encoder) -> int:
    """Strict loading of tensors without values; how many parameters there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.published.layout._usable", lambda _, tensor: tensor)
        load_strictly(family.layout, tensors, encoder.module)
    return sum(parameter.numel() for parameter in encoder.module.parameters())


def run_on_meta(encoder):
    return encoder.module(torch.zeros(2, encoder.ecg.n_leads, encoder.ecg.n_samples, device="meta"))


def meta(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def coca_state() -> dict[str, torch.Tensor]:
    """Every key and shape of the published tower, written out."""
    shapes: dict[str, tuple[int, ...]] = {
        "class_embedding": (BASE,),
        "positional_embedding": (101, BASE),
        "proj": (BASE, 512),
        "conv1.weight": (BASE, 12, 50),
        "ln_pre.weight": (BASE,),
        "ln_pre.bias": (BASE,),
        "ln_post.weight": (BASE,),
        "ln_post.bias": (BASE,),
    }
    for index in range(12):
        block = f"transformer.resblocks.{index}"
        shapes |= {
            f"{block}.{norm}.{kind}": (BASE,) for norm in ("ln_1", "ln_2") for kind in ("weight", "bias")
        }
        shapes |= {
            f"{block}.attn.in_proj_weight": (3 * BASE, BASE),
            f"{block}.attn.in_proj_bias": (3 * BASE,),
            f"{block}.attn.out_proj.weight": (BASE, BASE),
            f"{block}.attn.out_proj.bias": (BASE,),
            f"{block}.mlp.c_fc.weight": (BASE_HIDDEN, BASE),
            f"{block}.mlp.c_fc.bias": (BASE_HIDDEN,),
            f"{block}.mlp.c_proj.weight": (BASE, BASE_HIDDEN),
            f"{block}.mlp.c_proj.bias": (BASE,),
        }
    return meta({f"ecg.{key}": shape for key, shape in shapes.items()})


def anyecg_state(width: int, hidden: int, n_blocks: int, joint: int) -> dict[str, torch.Tensor]:
    """Every key and shape of the published encoder, written out."""
    shapes: dict[str, tuple[int, ...]] = {
        "lead_embedding": (1, 12, width),
        "pos_embedding": (1, 6, width),
        "cls_token": (width,),
        "to_patch_embedding.1.weight": (200,),
        "to_patch_embedding.1.bias": (200,),
        "to_patch_embedding.2.weight": (width, 200),
        "to_patch_embedding.2.bias": (width,),
        "to_patch_embedding.3.weight": (width,),
        "to_patch_embedding.3.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "fc.weight": (joint, width),
    }
    for index in range(n_blocks):
        block = f"transformer.layers.{index}"
        shapes |= {
            f"{block}.{norm}.{kind}": (width,)
            for norm in ("0.norm", "1.net.0")
            for kind in ("weight", "bias")
        }
        shapes |= {
            f"{block}.0.to_qkv.weight": (3 * width, width),
            f"{block}.0.to_out.0.weight": (width, width),
            f"{block}.0.to_out.0.bias": (width,),
            f"{block}.1.net.1.weight": (hidden, width),
            f"{block}.1.net.1.bias": (hidden,),
            f"{block}.1.net.4.weight": (width, hidden),
            f"{block}.1.net.4.bias": (width,),
        }
    return meta({f"ecg_model.model.{key}": shape for key, shape in shapes.items()})
