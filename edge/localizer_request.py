"""What the edge asks the process of the language model, and what it answers: one line of JSON each."""

import base64
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from edge.ecg_prompt import EcgPlace
from edge.raw_ecg import RawEcg

Part = str | EcgPlace


@dataclass(frozen=True, slots=True)
class Branch:
    """A question after the shared beginning, the grammar of its answer, and the most tokens of that.

    One that `points` asks where everything is in the first ECG; a bundle with a pointer answers by that.
    """

    text: str
    grammar: str | None
    max_tokens: int
    points: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LocalizerRequest:
    """ECGs, the beginning of the prompt in which they have their places, and questions about them."""

    ecgs: tuple[RawEcg, ...]
    beginning: tuple[Part, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `probabilities` has one for each character of `text`, that of its token."""

    text: str
    probabilities: tuple[float, ...]

    def confidence(self, start: int, stop: int) -> float:
        """Mean over the characters from `start` to before `stop`."""
        chosen = self.probabilities[start:stop]
        return sum(chosen) / len(chosen) if chosen else 0.0


def encode_request(request: LocalizerRequest) -> bytes:
    """One line."""
    ecgs = [
        {
            "uv": base64.b64encode(np.ascontiguousarray(ecg.ecg_uv, "<i4").tobytes()).decode(),
            "fs_hz": ecg.fs_hz,
            "leads": ecg.leads,
        }
        for ecg in request.ecgs
    ]
    beginning = [part.index if isinstance(part, EcgPlace) else part for part in request.beginning]
    branches = [astuple(branch) for branch in request.branches]
    return json.dumps({"ecgs": ecgs, "beginning": beginning, "branches": branches}).encode() + b"\n"


def decode_request(line: str | bytes) -> LocalizerRequest:
    """Raises `ValueError` or `KeyError` for anything else."""
    fields = json.loads(line)
    beginning = [EcgPlace(part) if isinstance(part, int) else str(part) for part in fields["beginning"]]
    return LocalizerRequest(
        tuple(_ecg(ecg) for ecg in fields["ecgs"]),
        tuple(beginning),
        tuple(
            Branch(str(text), grammar, int(most), bool(points))
            for text, grammar, most, points in fields["branches"]
        ),
    )


def encode_answers(answers: list[Said]) -> str:
    """One line."""
    return json.dumps(
        {"answers": [[said.text, [round(p, 4) for p in said.probabilities]] for said in answers]}
    )


def decode_answers(fields: Mapping[str, Any]) -> tuple[Said, ...]:
    """Raises `ValueError` or `KeyError` where it is none."""
    return tuple(Said(str(text), tuple(map(float, of))) for text, of in fields["answers"])


def _ecg(fields: Mapping[str, Any]) -> RawEcg:
    leads = tuple(map(str, fields["leads"]))
    samples = np.frombuffer(base64.b64decode(fields["uv"], validate=True), "<i4")
    return RawEcg(samples.reshape(-1, len(leads)).astype(np.int32), float(fields["fs_hz"]), leads)
