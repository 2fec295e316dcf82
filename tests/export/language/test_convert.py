"""`hearth export gguf` on small random checkpoints: what is written is gated, what is odd is refused."""

import json
import pickle
import re

import numpy as np
import pytest
import torch
from gguf import GGUFReader, GGUFWriter
from safetensors.torch import load_file, save_file

from edge.command_line import main
from edge.errors import UserError
from export.language.base import load_base
from export.language.checkpoint import load_checkpoint
from export.language.lora import LoraSettings, add_lora, load_adapter, save_adapter
from export.language.to_gguf import close

parity = pytest.importorskip("export.language.parity", reason="llama-cpp-python is not installed")


@pytest.fixture
def folder(llama, tokenizer, tmp_path):
    path = tmp_path / "model"
    llama.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture
def lora(folder, tmp_path):
    adapted = add_lora(load_checkpoint(folder).model, LoraSettings(rank=4))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    save_adapter(adapted, tmp_path / "lora")
    return tmp_path / "lora"


def export(*arguments) -> int:
    return main(["export", "gguf", *map(str, arguments)])


def test_a_folder_becomes_a_quantized_gguf(folder, tmp_path, capsys) -> None:
    out = tmp_path / "made" / "m.gguf"
    assert export("--model", folder, "--quantize", "q8_0", "--out", out) == 0
    said = capsys.readouterr().out
    assert "torch to draft: cosine 0.99" in said
    assert "torch to q8_0: cosine 0.99" in said
    assert {tensor.tensor_type.name for tensor in GGUFReader(out).tensors} == {"Q8_0", "F32"}


def test_a_lora_is_merged_or_written_alone(folder, lora, tmp_path, capsys) -> None:
    base, whole, alone = (tmp_path / f"{name}.gguf" for name in ("base", "whole", "alone"))
    assert export("--model", folder, "--out", base) == 0
    assert export("--model", folder, "--lora", lora, "--out", whole) == 0
    assert export("--model", base, "--lora", lora, "--adapter", "--out", alone) == 0
    assert "adapter over the base: cosine 0.99" in capsys.readouterr().out
    from edge.llama_session import LlamaSession

    with LlamaSession(whole) as merged, LlamaSession(base, alone) as over, LlamaSession(base) as bare:
        rows = [run.feed_rows("The rhythm is regular") for run in (merged, over, bare)]
    torch.testing.assert_close(*map(torch.from_numpy, rows[:2]), atol=0.05, rtol=0.05)
    assert abs(rows[0] - rows[2]).max() > 0.5


def test_a_gguf_comes_back_as_it_was(folder, llama, tokenizer, tmp_path) -> None:
    path = tmp_path / "m.gguf"
    assert export("--model", folder, "--quantize", "f32", "--out", path) == 0
    first = load_base(path, tmp_path / "cache")
    again = load_base(path, tmp_path / "cache")
    for base in (first, again):
        assert base.model.config.eos_token_id == 2
        assert base.tokenizer("a<|im_end|>").input_ids == tokenizer("a<|im_end|>").input_ids
        for key, value in llama.state_dict().items():
            torch.testing.assert_close(base.model.state_dict()[key], value, atol=1e-6, rtol=0)


def test_a_cache_of_another_file_is_made_anew(folder, tmp_path) -> None:
    path, cache = tmp_path / "m.gguf", tmp_path / "cache"
    export("--model", folder, "--out", path)
    load_base(path, cache)
    export("--model", folder, "--quantize", "q8_0", "--out", path)
    values = load_base(path, cache).model.model.layers[0].mlp.up_proj.weight[0, :32].detach()
    step = values.abs().max() / 127  # one block of Q8_0
    assert (values / step - (values / step).round()).abs().max() < 1e-2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep")
    with pytest.raises(UserError, match="not a cache of a language model"):
        load_base(path, tmp_path / "mine")


def edit(folder, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "known: LlamaForCausalLM, .*; found: GPT2LMHeadModel"),
        ({"architectures": []}, "found: none"),
        ({"quantization_config": {"quant_method": "gptq"}}, "before it is quantized"),
        ({"hidden_act": "relu"}, "hidden_act: 'relu' cannot be written"),
        ({"num_hidden_layers": 3}, r"missing keys: model\.layers\.2"),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "only linear and llama3"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder, tmp_path, capsys, changes, message) -> None:
    edit(folder, **changes)
    assert export("--model", folder, "--out", tmp_path / "m.gguf") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error)
    assert not (tmp_path / "m.gguf").exists()


def test_pickles_are_never_read(folder, tmp_path, capsys) -> None:
    mark = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return open, (str(mark), "w")

    weights = folder / "model.safetensors"
    weights.unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    assert export("--model", folder, "--out", tmp_path / "m.gguf") == 2
    assert "pytorch_model.bin is a pickle, which is not read" in capsys.readouterr().err
    assert not mark.exists()


def test_a_damaged_file_is_refused(folder, tmp_path, capsys) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert export("--model", folder, "--out", tmp_path / "m.gguf") == 2
    assert "cannot be read" in capsys.readouterr().err


def refused(capsys, *arguments) -> str:
    assert export(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_gguf_that_is_none_or_of_another_kind_is_refused(folder, tmp_path, capsys) -> None:
    whole, broken, out = tmp_path / "m.gguf", tmp_path / "broken.gguf", tmp_path / "out.gguf"
    assert export("--model", folder, "--out", whole) == 0
    capsys.readouterr()
    for content in (b"", b"PK\x03\x04" + bytes(100), whole.read_bytes()[:300], whole.read_bytes()[:-5000]):
        broken.write_bytes(content)
        for named in (("--model", broken), ("--model", folder, "--source", broken)):
            assert "broken.gguf: not a whole GGUF: " in refused(capsys, *named, "--out", out)
    assert "none.gguf: no such file" in refused(
        capsys, "--model", folder, "--source", tmp_path / "none.gguf", "--out", out
    )
    writer = GGUFWriter(broken, "gptneox")
    writer.add_tensor("output_norm.weight", np.ones(4, np.float32))
    close(writer)
    assert "unknown architecture; known: llama, qwen2, gemma3; found: gptneox" in refused(
        capsys, "--model", broken, "--out", out
    )
    assert "a folder; --out names the file to write" in refused(capsys, "--model", folder, "--out", tmp_path)
    assert not out.exists()


def test_a_damaged_lora_is_refused(folder, lora, tmp_path, capsys) -> None:
    weights = lora / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    error = refused(capsys, "--model", folder, "--lora", lora, "--out", tmp_path / "m.gguf")
    assert "this LoRA does not fit the model: " in error


def test_weights_that_are_no_numbers_are_refused(folder, tmp_path, capsys) -> None:
    state = load_file(folder / "model.safetensors")
    state["model.norm.weight"][0] = float("nan")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    assert export("--model", folder, "--out", tmp_path / "m.gguf") == 2
    assert "output_norm.weight: holds values that are not finite" in capsys.readouterr().err


def test_a_lora_that_llama_cpp_cannot_lay_over_is_refused(folder, lora, tmp_path, capsys) -> None:
    path = lora / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"use_rslora": True}))
    load_adapter(load_checkpoint(folder).model, lora)
    out = tmp_path / "a.gguf"
    assert export("--model", folder, "--lora", lora, "--adapter", "--out", out) == 2
    assert "use_rslora: llama.cpp's LoRA cannot do this" in capsys.readouterr().err
    assert export("--model", folder, "--adapter", "--out", out) == 2
    assert "no LoRA without --lora" in capsys.readouterr().err


def test_export_without_a_subcommand_is_as_before(tmp_path, capsys) -> None:
    assert main(["export", "--checkpoint", str(tmp_path / "x"), "--out", str(tmp_path / "y")]) == 2
    assert "no checkpoint here" in capsys.readouterr().err
    assert main(["export"]) == 2
    assert "--checkpoint: is needed" in capsys.readouterr().err
