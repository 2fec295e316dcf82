"""One answer for a whole short recording: what the encoder says of its seconds, taken together."""

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest

Float32 = npt.NDArray[np.float32]

ADDED_LOG_ODDS: Final = {"A": 0.9, "O": 0.9, "~": 2.5}
"""The encoder prefers N, the commonest answer; found on 1,343 training records of CinC 2017."""

_SMALLEST = 1e-6


def screen_scores(screen: Float32, analysable: Float32, manifest: Manifest) -> Float32:
    """A score for each of `manifest.screens`: mean log probability over readable seconds, and what is added.

    `screen` is `[seconds, screens]`, `analysable` `[seconds]`. Where no second can be read, all count.
    """
    readable = analysable >= manifest.thresholds.analysable
    chosen = screen[readable] if readable.any() else screen
    added = [ADDED_LOG_ODDS.get(answer, 0.0) for answer in manifest.screens]
    return np.asarray(np.log(chosen.clip(_SMALLEST)).mean(axis=0) + added, np.float32)


def screen_answer(scores: Float32, manifest: Manifest) -> str:
    """The answer with the highest score."""
    return manifest.screens[int(scores.argmax())]
