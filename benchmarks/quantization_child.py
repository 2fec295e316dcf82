"""Speed and memory of one GGUF, with or without an adapter, in a process of its own; prints JSON."""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.speed_child import highest_memory_mb
from export.language.llama_run import LlamaRun

PROMPT_TOKENS, ANSWER_TOKENS, REPEATS = 256, 48, 3


def timed(run: LlamaRun) -> tuple[float, float]:
    """Seconds of a prompt, and of an answer one token at a time; logits of the last row alone are copied."""
    ids = np.random.default_rng(0).integers(100, run.n_vocab, PROMPT_TOKENS).tolist()
    run.begin()
    begun_s = time.perf_counter()
    run.feed(ids, last_only=True)
    prompt_s = time.perf_counter() - begun_s
    for code in ids[:ANSWER_TOKENS]:
        run.feed([code], last_only=True)
    return prompt_s, time.perf_counter() - begun_s - prompt_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--lora", type=Path)
    arguments = parser.parse_args()
    with LlamaRun(arguments.model, arguments.lora, n_ctx=1024) as run:
        prompts_s, answers_s = zip(*(timed(run) for _ in range(REPEATS)), strict=True)
    figures = {
        "prompt_per_s": PROMPT_TOKENS / min(prompts_s),
        "answer_per_s": ANSWER_TOKENS / min(answers_s),
        "rss_mb": highest_memory_mb(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
