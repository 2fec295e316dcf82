"""The prompt: ECGs, what was measured on each, and a question; the same in training and at the edge."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.evidence import Evidence, evidence_text


@dataclass(frozen=True, slots=True)
class EcgPlace:
    """Where the rows of ECG number `index` (from 0) stand between the texts."""

    index: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One ECG as the model gets it; without `evidence` it has the signal alone to go by."""

    leads: tuple[str, ...]
    duration_s: int
    evidence: Evidence | None


def prompt_parts(ecgs: Sequence[Shown], question: str) -> list[str | EcgPlace]:
    """Texts, each to be made tokens by itself, and places of ECGs, in order."""
    parts: list[str | EcgPlace] = []
    opening = "<|im_start|>user\n"
    for index, ecg in enumerate(ecgs):
        parts += [f"{opening}<ecg {index + 1} {' '.join(ecg.leads)}>", EcgPlace(index)]
        measured = f"\nMeasured: {evidence_text(ecg.evidence)}" if ecg.evidence else ""
        opening = f"</ecg>{measured}\n"
    return [*parts, f"{opening}{plain(question)}<|im_end|>\n<|im_start|>assistant\n"]


def plain(text: str) -> str:
    """One line that cannot end its turn: no control characters, none of the model's own marks."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).replace("<|", "< |").split())
