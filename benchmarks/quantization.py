"""What each way of writing the adapted language model costs: size, agreement with torch, speed, memory.

    python -m benchmarks.quantization --model base.Q4_1.gguf --lora runs/lora --work DIR

Agreement is of logits with torch on the prompts given (`measure(..., prompts)`), else on the gate's own. The
column `accuracy` is filled by `measure(..., accuracy)`: any function of an open `LlamaRun`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.language_model import default_path
from export.language.adapter_gguf import write_adapter
from export.language.base import BaseModel
from export.language.checkpoint import load_checkpoint
from export.language.convert import golden_prompts
from export.language.llama_run import LlamaRun
from export.language.lora import load_adapter, merged
from export.language.parity import GoldenPrompt, Model, compare
from export.language.to_gguf import quantize, write_gguf

KINDS = ("q8_0", "q4_1", "q4_k_m")


@dataclass(frozen=True, slots=True)
class File:
    """A model, and the adapter that is laid over it."""

    name: str
    model: Path
    lora: Path | None = None

    @property
    def megabytes(self) -> float:
        return sum(path.stat().st_size for path in (self.model, self.lora) if path) / 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """Cosine, KL (nats) and top-1 against torch; tokens/s and RSS of a process of its own, one thread."""

    name: str
    megabytes: float
    cosine_min: float
    cosine_mean: float
    divergence: float
    top1: float
    prompt_per_s: float
    answer_per_s: float
    rss_mb: float
    accuracy: float | None


def files(base: BaseModel, source: Path, lora: Path, work: Path) -> tuple[Model, list[File]]:
    """Every file in `work`, and torch's merged model. The adapter is written before it is merged."""
    adapted = load_adapter(base.model, lora)
    over = File("adapter over the base", source, work / "adapter.gguf")
    write_adapter(adapted, work / "adapter.gguf")
    model = merged(adapted)
    whole = work / "f16.gguf"
    write_gguf(model, base.tokenizer, whole, source=source)
    for kind in KINDS:
        quantize(whole, work / f"{kind}.gguf", kind)
    return model, [File(kind, work / f"{kind}.gguf") for kind in ("f16", *KINDS)] + [over]


def measure(
    model: Model,
    file: File,
    prompts: Sequence[GoldenPrompt],
    accuracy: Callable[[LlamaRun], float] | None = None,
) -> Row:
    """One row."""
    with LlamaRun(file.model, file.lora) as run:
        found = compare(model, run, prompts)
        share = accuracy(run) if accuracy else None
    speed = _speed(file)
    return Row(
        file.name,
        file.megabytes,
        found.cosine_min,
        found.cosine_mean,
        found.divergence_mean,
        found.top1,
        speed["prompt_per_s"],
        speed["answer_per_s"],
        speed["rss_mb"],
        share,
    )


def _speed(file: File) -> dict[str, float]:
    """Measured in a fresh process, where nothing but llama.cpp takes memory."""
    lora = ["--lora", str(file.lora)] if file.lora else []
    command = [sys.executable, "-m", "benchmarks.quantization_child", str(file.model), *lora]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    speed: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return speed


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    head = "| file | MB | cosine min | mean | KL | top-1 | prompt tok/s | answer tok/s | RSS MB | accuracy |"
    lines = [head, "|---" * 10 + "|"]
    for row in rows:
        share = "–" if row.accuracy is None else f"{row.accuracy:.3f}"
        lines.append(
            f"| {row.name} | {row.megabytes:.1f} | {row.cosine_min:.4f} | {row.cosine_mean:.5f}"
            f" | {row.divergence:.4f} | {row.top1:.3f} | {row.prompt_per_s:.0f} | {row.answer_per_s:.1f}"
            f" | {row.rss_mb:.0f} | {share} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=default_path(), help="GGUF that was adapted")
    parser.add_argument("--lora", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for the files, 0.7 GB")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    begun_s = time.monotonic()
    base = load_checkpoint(arguments.model)
    model, written = files(base, arguments.model, arguments.lora, arguments.work)
    rows = [measure(model, file, golden_prompts(model)) for file in written]
    print(table(rows))
    print(f"\n{time.monotonic() - begun_s:.0f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
