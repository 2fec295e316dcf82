"""GGUF of small random models: llama.cpp computes what torch computes, and cuts text the same way."""

import numpy as np
import pytest
import torch
from gguf import GGUFReader

from edge.errors import UserError
from export.language.adapter_gguf import write_adapter
from export.language.lora import LINEAR_LAYERS, LoraSettings, add_lora, merged
from export.language.to_gguf import quantize, write_gguf
from export.language.tokenizer import tokenizer_of_gguf

parity = pytest.importorskip("export.language.parity", reason="llama-cpp-python is not installed")
llama_session = pytest.importorskip("edge.llama_session", reason="llama-cpp-python is not installed")

TEXTS = (
    "The rate is 75 / min.",
    "<|im_start|>user\n  12 leads\t– 0.04 mV, ≥ 3 beats?<|im_end|>\n",
    "房颤 🫀 don't",
    "",
)
EXACT = parity.ParityLimits(cosine=0.99999, divergence=1e-4, top1=0.97)


def prompts(model) -> list:
    """Text alone, and soft tokens in text, more than the sliding window of the small Gemma."""
    rows = np.random.default_rng(0).normal(0, 1, (40, model.config.hidden_size)).astype(np.float32)
    pieces = ("The rhythm of ", rows, " is regular at 75 / min")
    return [
        parity.GoldenPrompt(("A premature ventricular beat is wide.",), answer_tokens=12),
        parity.GoldenPrompt(pieces, grammar='root ::= ("yes" | "no") " at " [0-9] "."', answer_tokens=12),
    ]


def found(model, path, lora=None):
    with llama_session.LlamaSession(path, lora, context_tokens=256) as run:
        return parity.compare(model, run, prompts(model))


def stirred(model, settings):
    adapted = add_lora(model, settings)
    torch.manual_seed(1)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return adapted.eval()


def test_llama_cpp_computes_what_torch_computes(any_model, tokenizer, tmp_path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(any_model, tokenizer, path, precision="f32")
    parity.require(found(any_model, path), EXACT, "f32")


def test_an_adapter_over_the_base_gives_what_torch_gives(any_model, tokenizer, tmp_path) -> None:
    base, lora = tmp_path / "base.gguf", tmp_path / "lora.gguf"
    write_gguf(any_model, tokenizer, base, precision="f32")
    adapted = stirred(any_model, LoraSettings(rank=4, alpha=8))
    write_adapter(adapted, lora)
    assert len(GGUFReader(lora).tensors) == 2 * any_model.config.num_hidden_layers * len(LINEAR_LAYERS)
    parity.require(found(adapted, base, lora), EXACT, "adapter")
    with pytest.raises(parity.LanguageParityError, match="smallest cosine"):
        parity.require(found(adapted, base), EXACT, "base without its adapter")


def test_a_merged_model_gives_what_the_adapted_one_gave(llama, tokenizer, tmp_path) -> None:
    adapted = stirred(llama, LoraSettings(rank=4))
    with torch.no_grad():
        before = adapted(input_ids=torch.arange(20)[None]).logits
    plain = merged(adapted)
    write_gguf(plain, tokenizer, tmp_path / "m.gguf", precision="f32")
    parity.require(found(plain, tmp_path / "m.gguf"), EXACT, "merged")
    with torch.no_grad():
        torch.testing.assert_close(plain(input_ids=torch.arange(20)[None]).logits, before, atol=1e-3, rtol=0)


def test_rows_in_another_order_do_not_pass_the_gate(llama, tokenizer, tmp_path) -> None:
    write_gguf(llama, tokenizer, tmp_path / "m.gguf", precision="f32")
    with torch.no_grad():
        rows = llama.model.layers[0].self_attn.q_proj.weight
        rows.copy_(rows[torch.randperm(len(rows))])
    with pytest.raises(parity.LanguageParityError, match=r"smallest cosine -?0\.\d+, required 0\.99999"):
        parity.require(found(llama, tmp_path / "m.gguf"), EXACT, "another model")


@pytest.mark.parametrize(("kind", "cosine"), [("q8_0", 0.999), ("q4_1", 0.95), ("q4_0", 0.9)])
def test_quantized_by_llama_cpp(llama, tokenizer, tmp_path, kind, cosine) -> None:
    whole, small = tmp_path / "f16.gguf", tmp_path / "small.gguf"
    write_gguf(llama, tokenizer, whole)
    quantize(whole, small, kind)
    assert small.stat().st_size < whole.stat().st_size
    kinds = {tensor.tensor_type.name.lower() for tensor in GGUFReader(small).tensors}
    assert kind in kinds
    assert cosine < found(llama, small).cosine_mean < 0.999999


def test_tokens_are_those_of_llama_cpp_both_ways(llama, tokenizer, tmp_path) -> None:
    path, again = tmp_path / "m.gguf", tmp_path / "again.gguf"
    write_gguf(llama, tokenizer, path)
    read = tokenizer_of_gguf(path)
    assert (read.eos_token_id, read.bos_token_id, read.pad_token_id) == (2, 1, 2)
    assert read.chat_template == tokenizer.chat_template
    with llama_session.LlamaSession(path, context_tokens=64) as run:
        for cut in (tokenizer, read):
            parity.check_ids(lambda text, cut=cut: cut(text).input_ids, run, TEXTS)
        assert run.text(run.ids(TEXTS[2])) == TEXTS[2]
        with pytest.raises(parity.LanguageParityError, match=r"llama\.cpp has"):
            parity.check_ids(lambda text: [0], run, TEXTS)
    write_gguf(llama, read, again)
    assert metadata(again) == metadata(path)


def test_metadata_of_the_source_goes_along(llama, tokenizer, tmp_path) -> None:
    path, again = tmp_path / "m.gguf", tmp_path / "again.gguf"
    write_gguf(llama, tokenizer, path)
    write_gguf(llama, tokenizer, again, source=path, precision="f32")
    assert metadata(again) == metadata(path)
    llama.config.vocab_size = 401
    with pytest.raises(UserError, match="400 tokens, the model has 401"):
        write_gguf(llama, tokenizer, tmp_path / "x.gguf", source=path)


def metadata(path) -> dict:
    kept = GGUFReader(path).fields
    skipped = ("GGUF.", "general.file_type", "general.quantization_version")
    return {key: field.contents() for key, field in kept.items() if not key.startswith(skipped)}


def test_what_llama_cpp_would_compute_otherwise_is_refused(llama, tokenizer, tmp_path) -> None:
    llama.config.hidden_act = "gelu"
    with pytest.raises(UserError, match="hidden_act: 'gelu' cannot be written as GGUF, only 'silu'"):
        write_gguf(llama, tokenizer, tmp_path / "x.gguf")
    with pytest.raises(UserError, match=r"known: LlamaForCausalLM.*found: LlamaModel"):
        write_gguf(llama.model, tokenizer, tmp_path / "x.gguf")


def test_values_that_f16_cannot_hold_are_refused(llama, tokenizer, tmp_path) -> None:
    with torch.no_grad():
        llama.model.layers[0].mlp.up_proj.weight[0, 0] = 1e6
    with pytest.raises(UserError, match=r"blk\.0\.ffn_up\.weight: values up to 1e\+06 do not fit f16"):
        write_gguf(llama, tokenizer, tmp_path / "x.gguf")


def test_soft_tokens_of_another_width_are_refused(llama, tokenizer, tmp_path) -> None:
    write_gguf(llama, tokenizer, tmp_path / "m.gguf")
    with llama_session.LlamaSession(tmp_path / "m.gguf", context_tokens=64) as run:
        with pytest.raises(UserError, match="soft tokens are 63 wide, the language model's embeddings 64"):
            run.feed(np.zeros((2, 63), np.float32))
        with pytest.raises(UserError, match="prompt of 65 tokens; the language model reads 64"):
            run.feed(np.zeros((65, 64), np.float32))


def test_the_last_row_alone_is_the_last_of_all(llama, tokenizer, tmp_path) -> None:
    write_gguf(llama, tokenizer, tmp_path / "m.gguf")
    rows = np.random.default_rng(1).normal(0, 1, (700, 64)).astype(np.float32)  # more than one batch
    with llama_session.LlamaSession(tmp_path / "m.gguf", context_tokens=1024) as run:
        every = run.feed_rows(rows)
        run.take_back()
        last = run.feed(rows)
    assert (every.shape, last.shape) == ((700, 400), (400,))
    np.testing.assert_allclose(last, every[-1], atol=1e-3)
