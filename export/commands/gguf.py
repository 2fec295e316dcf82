"""Turn a causal language model into a GGUF, which llama.cpp and `hearth edge` run.

The model is a folder of Hugging Face (safetensors), or a GGUF. A LoRA is merged into it, or with --adapter
written alone, to be laid over the unchanged base. Torch and llama.cpp are compared on prompts of text and
soft tokens: only if they agree is the file written.

    hearth export gguf --model SmolLM2/ --quantize q8_0 --out smollm2.gguf
    hearth export gguf --model base.Q4_1.gguf --lora runs/lora --adapter --out adapter.gguf

Known architectures: Llama, Mistral, Qwen2, Gemma 3 (text). See docs/language-model-export.md.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from export.language.parity import LanguageParity

HELP = "turn a causal language model into a GGUF (needs torch and llama-cpp-python)"

_KINDS: Final = ("f32", "f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_1", "q4_0")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth export gguf`."""
    parser.add_argument("--model", type=Path, required=True, help="folder of Hugging Face, or GGUF file")
    parser.add_argument("--lora", type=Path, help="folder of a LoRA, merged into the model")
    parser.add_argument("--adapter", action="store_true", help="write the LoRA alone, do not merge it")
    parser.add_argument(
        "--source", type=Path, help="GGUF that a folder came from: its tokenizer and metadata are copied"
    )
    parser.add_argument("--quantize", choices=_KINDS, default="f16", help="kind of weights (default: f16)")
    parser.add_argument("--out", type=Path, required=True, help="file to write")


def run(arguments: argparse.Namespace) -> int:
    """Convert, and say how well the copies agree."""
    from export.language.convert import Request, convert

    written = convert(
        Request(
            model=arguments.model,
            out=arguments.out,
            lora=arguments.lora,
            source=arguments.source,
            kind=arguments.quantize,
            adapter=arguments.adapter,
        )
    )
    print(f"{arguments.out}: written, {written.n_bytes / 1e6:.1f} MB")
    print(f"  torch to {'adapter over f16' if arguments.adapter else 'draft'}: {_figures(written.whole)}")
    if written.final is not written.whole:
        name = "adapter over the base" if arguments.adapter else arguments.quantize
        print(f"  torch to {name}: {_figures(written.final)}")
    return 0


def _figures(found: "LanguageParity") -> str:
    return (
        f"cosine {found.cosine_min:.5f} or more, KL {found.divergence_mean:.5f},"
        f" same best token in {found.top1:.1%} of {found.n_rows}"
    )
