"""One answer for a whole short recording: what the encoder says of its seconds, taken together."""

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest

Float32 = npt.NDArray[np.float32]

_SMALLEST = 1e-6


def screen_scores(screen: Float32, analysable: Float32, manifest: Manifest) -> Float32:
    """A score for each of `manifest.screens`: mean log probability over the seconds that can be read.

    `screen` is `[seconds, screens]`, `analysable` `[seconds]`. Where no second can be read, all count.
    """
    readable = analysable >= manifest.thresholds.analysable
    chosen = screen[readable] if readable.any() else screen
    return np.asarray(np.log(chosen.clip(_SMALLEST)).mean(axis=0), np.float32)


def screen_answer(scores: Float32, manifest: Manifest) -> str:
    """The likeliest answer."""
    return manifest.screens[int(scores.argmax())]
