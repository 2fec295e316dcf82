"""Losses and development scores over the steps, as a picture."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Left the losses, right the development scores."""
    mpl.use("Agg")
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.5), layout="constrained")
    right.set_prop_cycle(color=[mpl.colormaps["tab20"](i) for i in range(20)])
    for name in (key for key in history[0] if key not in ("step", "dev")):
        values = [row[name] for row in history]
        left.plot([row["step"] for row in history], _running_mean(values), label=name)
    scored = [row for row in history if "dev" in row]
    for name in scored[-1]["dev"] if scored else ():
        right.plot(
            [row["step"] for row in scored], [row["dev"][name] for row in scored], marker=".", label=name
        )
    left.set(xlabel="step", title="training loss", yscale="log")
    right.set(xlabel="step", title="held-out patients")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8, bbox_to_anchor=(1.0, 1.0), loc="upper left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _running_mean(values: list[float], width: int = 50) -> list[float]:
    return [
        sum(values[max(0, i - width + 1) : i + 1]) / (i - max(0, i - width + 1) + 1)
        for i in range(len(values))
    ]
