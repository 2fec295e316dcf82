"""What a training that was cut goes on from: one file, replaced whole, with all that chance depends on."""

import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

State = dict[str, Any]


class Stateful(Protocol):
    """A model, an average of one, or an optimizer."""

    def state_dict(self) -> State:
        """All that it has learned."""

    def load_state_dict(self, state_dict: State, /) -> object:
        """Go on from there."""


def save_state(
    path: Path, step: int, parts: dict[str, Stateful], rng: np.random.Generator, history: list[Any]
) -> None:
    """Write what `resume` reads; a cut while writing leaves the file before it."""
    state = {
        "step": step,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "chance": {"torch": torch.get_rng_state(), "numpy": json.dumps(rng.bit_generator.state)},
        "history": history,
    }
    draft = path.with_suffix(".part")
    torch.save(state, draft)
    draft.rename(path)


def resume(path: Path, parts: dict[str, Stateful], rng: np.random.Generator) -> tuple[int, list[Any]]:
    """Bring all to where the file left off; returns how many steps are done, and their history."""
    if not path.exists():
        return 0, []
    state = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["chance"]["torch"])
    rng.bit_generator.state = json.loads(state["chance"]["numpy"])
    return int(state["step"]), state["history"]
