"""The language model session: the only place with llama_cpp. Runs in a process of its own.

    python -m edge.localizer MODEL.gguf [--threads 1] [--smoke]

Reads one JSON request a line (`prompt`, `grammar`, `max_tokens`) and answers each with one line (`text`).
A process apart, because a model that hangs or crashes must not take the stream with it.
"""

import argparse
import json
import os
import sys
from pathlib import Path

CONTEXT_TOKENS = 1024


class Localizer:
    """Greedy decoding under a GBNF grammar."""

    def __init__(self, model: Path, threads: int) -> None:
        from llama_cpp import Llama

        self._llama = Llama(
            str(model),
            n_ctx=CONTEXT_TOKENS,
            n_batch=256,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )

    def answer(self, prompt: str, grammar: str, max_tokens: int) -> str:
        """Text that the grammar accepts, or its beginning when `max_tokens` did not suffice."""
        from llama_cpp.llama_grammar import LlamaGrammar

        rules = LlamaGrammar.from_string(grammar, verbose=False)
        reply = self._llama.create_completion(prompt, max_tokens=max_tokens, temperature=0.0, grammar=rules)
        return str(reply["choices"][0]["text"])  # type: ignore[index]


def _serve(localizer: Localizer) -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            text = localizer.answer(request["prompt"], request["grammar"], request["max_tokens"])
            print(json.dumps({"text": text}), flush=True)
        except ValueError as error:
            print(json.dumps({"error": str(error)}), flush=True)


def main() -> int:
    """Command line of the child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="decode one token and leave")
    arguments = parser.parse_args()
    os.nice(10)
    localizer = Localizer(arguments.model, arguments.threads)
    if arguments.smoke:
        localizer.answer("ECG", 'root ::= "a"', 1)
        return 0
    _serve(localizer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
