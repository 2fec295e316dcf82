"""How people ask for a concept: the phrases of `find_phrases.toml`, and the questions around them."""

import tomllib
from pathlib import Path
from typing import Final

import numpy as np

_PHRASES: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
_FRAMES: Final = (
    *["{}"] * 3, "show me {}", "find {}", "episodes of {}", "any {} last night", "when did I have {}",
    "did she have {}", "strips with {}", "{} during the night", "was there {}", "look for {}", "{} please",
    "where is {}", "moments with {}", "ECG with {}", "{} yesterday",
)  # fmt: skip


def known_phrases(concept: str) -> tuple[str, ...]:
    """Those of the training."""
    return tuple(_PHRASES[concept]["known"])


def new_phrases(concept: str) -> tuple[str, ...]:
    """Those kept from the training."""
    return tuple(_PHRASES[concept]["new"])


def asked(concept: str, rng: np.random.Generator) -> str:
    """A known phrase as part of a question."""
    phrases = known_phrases(concept)
    return _FRAMES[rng.integers(len(_FRAMES))].format(phrases[rng.integers(len(phrases))])
