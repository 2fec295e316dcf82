"""What each way of writing the adapted language model costs: size, right places, agreement, speed, memory.

    python -m benchmarks.quantization --lora RUN/adapter --corpus DIR/prepared/language --work DIR

Places are asked on windows of held-out patients (`benchmarks.quantization_questions`); the difference from
f16 has an interval of its own, of the same questions. KL is of logits from torch's, on the gate's prompts.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.quantization_questions import (
    Answered,
    Question,
    Window,
    answered,
    ious,
    macro,
    questions,
    same_answers,
    same_best,
)
from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.language_model import default_path
from edge.llama_session import LlamaSession
from edge.signal_reader import SignalReader
from export.language.adapter_gguf import write_adapter
from export.language.base import BaseModel
from export.language.checkpoint import load_checkpoint
from export.language.convert import golden_prompts
from export.language.lora import load_adapter, merged
from export.language.parity import GoldenPrompt, Model, compare
from export.language.to_gguf import quantize, write_gguf

KINDS = ("q8_0", "q4_k_m", "q4_1")


@dataclass(frozen=True, slots=True)
class File:
    """A model, and the adapter that is laid over it."""

    name: str
    model: Path
    lora: Path | None = None

    @property
    def megabytes(self) -> float:
        """Of both."""
        return sum(path.stat().st_size for path in (self.model, self.lora) if path) / 1e6


@dataclass(frozen=True, slots=True)
class Task:
    """Fixed questions on windows, and what f16 answered."""

    windows: Sequence[Window]
    questions: Sequence[Question]
    of_f16: Answered


@dataclass(frozen=True, slots=True)
class Row:
    """Macro IoU and its difference from f16, each with an interval; KL in nats; tokens/s of one core."""

    name: str
    megabytes: float
    iou: tuple[float, float, float]
    from_f16: tuple[float, float, float]
    same_best: float
    same_answers: float
    divergence: float
    prompt_per_s: float
    answer_per_s: float
    rss_mb: float


def files(base: BaseModel, source: Path, lora: Path, work: Path) -> tuple[Model, list[File]]:
    """Every file in `work`, and torch's merged model. The adapter is written before it is merged."""
    adapted = load_adapter(base.model, lora)
    over = File("adapter over the packaged Q4_1", source, work / "adapter.gguf")
    write_adapter(adapted, work / "adapter.gguf")
    model = merged(adapted)
    whole = work / "f16.gguf"
    write_gguf(model, base.tokenizer, whole, source=source)
    for kind in KINDS:
        quantize(whole, work / f"{kind}.gguf", kind)
    return model, [*(File(f"merged, {kind}", work / f"{kind}.gguf") for kind in ("f16", *KINDS)), over]


def task_of(f16: File, corpus: Path, per_waveform: int, most_windows: int | None = None) -> Task:
    """Draw, and ask f16."""
    reader = SignalReader(Encoder(DEFAULT_BUNDLE), load_language_bundle(DEFAULT_LANGUAGE_BUNDLE))
    windows, asked = questions(corpus, reader, per_waveform, most_windows)
    with LlamaSession(f16.model, f16.lora) as session:
        return Task(windows, asked, answered(session, windows))


def measure(
    model: Model, file: File, prompts: Sequence[GoldenPrompt], task: Task, answers: Answered | None = None
) -> Row:
    """One row; `answers` where they are known already."""
    with LlamaSession(file.model, file.lora) as session:
        found = compare(model, session, prompts)
        answers = answers or answered(session, task.windows)
    own, whole = (ious(task.windows, task.questions, of) for of in (answers, task.of_f16))
    speed = _speed(file)
    return Row(
        file.name,
        file.megabytes,
        macro(task.questions, own),
        macro(task.questions, own - whole),
        same_best(answers, task.of_f16),
        same_answers(answers, task.of_f16),
        found.divergence_mean,
        speed["prompt_per_s"],
        speed["answer_per_s"],
        speed["rss_mb"],
    )


def _speed(file: File) -> dict[str, float]:
    """Measured in a fresh process, where nothing but llama.cpp takes memory."""
    lora = ["--lora", str(file.lora)] if file.lora else []
    command = [sys.executable, "-m", "benchmarks.quantization_child", str(file.model), *lora]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    speed: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return speed


HEAD = (
    "| file | MB | macro IoU, % | from f16 | same best token, % | same answer, % | KL"
    " | prompt tok/s | answer tok/s | RSS MB |\n" + "|---" * 10 + "|"
)


def line(row: Row) -> str:
    """One line of the table in Markdown."""
    iou, low, high = (100 * value for value in row.iou)
    change, least, most = (100 * value for value in row.from_f16)
    return (
        f"| {row.name} | {row.megabytes:.1f} | {iou:.1f} ({low:.1f} to {high:.1f})"
        f" | {change:+.1f} ({least:+.1f} to {most:+.1f}) | {100 * row.same_best:.1f}"
        f" | {100 * row.same_answers:.1f} | {row.divergence:.5f} | {row.prompt_per_s:.0f}"
        f" | {row.answer_per_s:.1f} | {row.rss_mb:.0f} |"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=default_path(), help="GGUF that was adapted")
    parser.add_argument("--lora", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="of export.training.language.corpus")
    parser.add_argument("--work", type=Path, required=True, help="folder for the files, 0.7 GB")
    parser.add_argument("--per-waveform", type=int, default=20, help="windows with each (default: 20)")
    parser.add_argument("--most-windows", type=int, help="of these, drawn at random (default: all)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    begun_s = time.monotonic()
    model, written = files(load_checkpoint(arguments.model), arguments.model, arguments.lora, arguments.work)
    task = task_of(written[0], arguments.corpus, arguments.per_waveform, arguments.most_windows)
    print(HEAD)
    rows = []
    for number, file in enumerate(written):
        known = None if number else task.of_f16
        rows.append(measure(model, file, golden_prompts(model), task, known))
        print(line(rows[-1]), flush=True)
    patients = len({window.patient for window in task.windows})
    print(f"\n{len(task.questions)} questions on {len(task.windows)} windows of {patients} patients")
    print(f"{time.monotonic() - begun_s:.0f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
