"""Speed and memory of one GGUF, with or without an adapter, in a process of its own; prints JSON."""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.speed_child import highest_memory_mb
from edge.llama_session import LlamaSession

PROMPT_TOKENS, ANSWER_TOKENS, REPEATS = 256, 48, 5


def timed(session: LlamaSession) -> tuple[float, float]:
    """Seconds of one core for a prompt, and for an answer one token at a time."""
    ids = np.random.default_rng(0).integers(100, session.n_vocab, PROMPT_TOKENS).tolist()
    session.take_back()
    begun_s = time.process_time()
    session.feed(ids)
    prompt_s = time.process_time() - begun_s
    for code in ids[:ANSWER_TOKENS]:
        session.feed([code])
    return prompt_s, time.process_time() - begun_s - prompt_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--lora", type=Path)
    arguments = parser.parse_args()
    with LlamaSession(arguments.model, arguments.lora) as session:
        prompts_s, answers_s = zip(*(timed(session) for _ in range(REPEATS)), strict=True)
    figures = {
        "prompt_per_s": PROMPT_TOKENS / min(prompts_s),
        "answer_per_s": ANSWER_TOKENS / min(answers_s),
        "rss_mb": highest_memory_mb(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
