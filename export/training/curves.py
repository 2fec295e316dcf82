"""Losses and development scores over the steps, as a picture."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Left the losses, right the development scores."""
    mpl.use("Agg")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name in (key for key in history[0] if key not in ("step", "dev")):
        values = [row[name] for row in history]
        left.plot([row["step"] for row in history], _running_mean(values), label=name)
    scored = [row for row in history if "dev" in row]
    for name in scored[-1]["dev"] if scored else ():
        right.plot(
            [row["step"] for row in scored], [row["dev"][name] for row in scored], marker=".", label=name
        )
    left.set(xlabel="step", title="training loss", yscale="log")
    right.set(xlabel="step", title="development patients", ylim=(0.4, 1.0))
    for axis in (left, right):
        axis.legend(fontsize=8)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _running_mean(values: list[float], width: int = 50) -> list[float]:
    return [
        sum(values[max(0, i - width + 1) : i + 1]) / (i - max(0, i - width + 1) + 1)
        for i in range(len(values))
    ]
