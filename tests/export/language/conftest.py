"""Small random models, and a tokenizer in the layout of SmolLM2."""

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEXT = """The rhythm of the heart is regular, the QRS complexes are narrow. Atrial fibrillation is irregular.
A premature ventricular beat is wide, comes early, and a pause of 1240 ms follows; the rate is 75 / min.
"""
SIZES = {
    "vocab_size": 400,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.15,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
GEMMA_SIZES = SIZES | {
    "num_hidden_layers": 7,
    "head_dim": 32,
    "query_pre_attn_scalar": 32,
    "sliding_window": 16,
}
BUILDERS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=True)),
    "llama-untied-biased": lambda: LlamaForCausalLM(
        LlamaConfig(**SIZES, tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=32)
    ),
    "llama-long": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, rope_scaling=LLAMA3_ROPE)),
    "llama-linear": lambda: LlamaForCausalLM(
        LlamaConfig(**SIZES, rope_scaling={"rope_type": "linear", "factor": 2.0})
    ),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=None)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**GEMMA_SIZES)),
}


def small(name: str) -> PreTrainedModel:
    """Every parameter its own random value, norms and biases too."""
    torch.manual_seed(0)
    model = BUILDERS[name]().eval()
    for key, parameter in model.named_parameters():
        if parameter.ndim == 1:
            centre = 1.0 if key.endswith("norm.weight") and name != "gemma3" else 0.0
            torch.nn.init.normal_(parameter, mean=centre, std=0.1)
    return model


@pytest.fixture(params=sorted(BUILDERS))
def any_model(request) -> PreTrainedModel:
    return small(request.param)


@pytest.fixture
def llama() -> PreTrainedModel:
    return small("llama")


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    cut = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(cut)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=390,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([TEXT], trainer)
    specials = dict(zip(("unk_token", "bos_token", "eos_token"), SPECIALS, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<|im_end|>",
        chat_template="{{ messages[0]['content'] }}",
        clean_up_tokenization_spaces=False,
        **specials,
    )
