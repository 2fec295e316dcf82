"""LoRA: does nothing at first, learns, and comes back from its folder the same."""

import json

import pytest
import torch

from edge.errors import UserError
from export.language.lora import LINEAR_LAYERS, LoraSettings, add_lora, load_adapter, merged, save_adapter

IDS = torch.arange(3, 23)[None]


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


def stirred(model):
    """With B other than zero, as after training."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return model.eval()


def test_a_new_lora_changes_nothing_and_alone_is_trained(llama) -> None:
    before = logits(llama)
    adapted = add_lora(llama, LoraSettings(rank=4))
    assert torch.equal(logits(adapted.eval()), before)
    trainable = [name for name, parameter in adapted.named_parameters() if parameter.requires_grad]
    assert len(trainable) == 2 * 2 * len(LINEAR_LAYERS)
    assert all("lora_" in name for name in trainable)


def test_saved_loaded_and_merged_give_the_same(llama, tmp_path) -> None:
    plain = {key: value.clone() for key, value in llama.state_dict().items()}
    before = logits(llama)
    adapted = stirred(add_lora(llama, LoraSettings(rank=4, alpha=8)))
    expected = logits(adapted)
    assert (expected - before).abs().max() > 0.1
    save_adapter(adapted, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] is None
    fresh = type(llama)(llama.config).eval()
    fresh.load_state_dict(plain)
    again = load_adapter(fresh, tmp_path)
    assert torch.equal(logits(again), expected)
    torch.testing.assert_close(logits(merged(again)), expected, atol=1e-4, rtol=1e-4)


def test_a_loaded_lora_can_be_trained_further(llama, tmp_path) -> None:
    save_adapter(add_lora(llama, LoraSettings(rank=2)), tmp_path)
    fresh = type(llama)(llama.config)
    again = load_adapter(fresh, tmp_path, trainable=True)
    again(input_ids=IDS, labels=IDS).loss.backward()
    gradients = [p.grad for name, p in again.named_parameters() if "lora_B" in name]
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients)


def test_settings_come_from_a_table() -> None:
    settings = LoraSettings.from_table({"rank": 8, "targets": ["q_proj"]})
    assert (settings.rank, settings.alpha, settings.targets) == (8, 32.0, ("q_proj",))


def test_an_empty_folder_and_a_lora_of_another_model_are_refused(llama, tmp_path) -> None:
    with pytest.raises(UserError, match=r"adapter_config\.json is missing"):
        load_adapter(llama, tmp_path)
    save_adapter(add_lora(llama, LoraSettings(rank=2)), tmp_path)
    other = type(llama)(
        type(llama.config)(**{**json.loads(llama.config.to_json_string()), "hidden_size": 32})
    )
    with pytest.raises(UserError, match="does not fit the model"):
        load_adapter(other, tmp_path)
