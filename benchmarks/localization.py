"""Where is what: encoder, rules, language model and all together, beside the blind answers."""

from benchmarks.evaluated import grids_of, table_of
from benchmarks.results import Figure, Result
from benchmarks.workplace import Workplace

_BARS = {"whole system": (85.0,), "language model alone": (60.0,)}
_SHORT = {
    "constant answer": "constant",
    "presence oracle": "presence",
    "encoder and rules": "encoder",
    "written by the language model": "written",
    "language model alone": "language",
    "whole system": "whole",
}


def short(place: Workplace) -> Result:
    """Windows of 10 s."""
    return _run(place, "localization", 10, 30)


def long(place: Workplace) -> Result:
    """Windows of 10 to 60 s."""
    return _run(place, "localization-long", 60, 30)


_JOBS = 2  # windows at once


def _run(place: Workplace, name: str, longest_s: int, per_waveform: int) -> Result:
    options = ("--longest-s", str(longest_s), "--per-waveform", str(per_waveform))
    grids = grids_of(place, "localization", *options, "--jobs", str(_JOBS))
    figures = [_figure(who, grids[key]) for who, key in _SHORT.items()]
    window = "10 s" if longest_s == 10 else f"10 to {longest_s} s"  # noqa: PLR2004
    return Result(
        name,
        f"Localization: mitdb DS2, first signal alone, windows of {window} at random offsets",
        f"hearth evaluate localization --data DIR {' '.join(options)}",
        (
            "The task of anyECG-chat, its rule of intervals (previous R to next R, merged), its IoU with"
            " stretches"
            " merged before they are scored. Its authors report 56.1 (7B, two leads, windows that begin"
            " just before"
            " the event); there a constant answer has 44.7 on windows with the waveform, an oracle of"
            " presence 53.1.",
            f"{per_waveform} windows with each waveform and a quarter as many without it. `Se` and `+P`"
            f" are by event:"
            " half of a stretch has to be covered. `false/h` is on records that nowhere have the waveform.",
        ),
        figures,
        [table_of(grids, key, who.capitalize(), "Waveform") for who, key in _SHORT.items()],
    )


def _figure(who: str, rows: dict[str, dict[str, float]]) -> Figure:
    macro = sum(row["IoU"] for row in rows.values()) / len(rows)
    n = sum(int(row["questions"]) for row in rows.values())
    return Figure(f"Macro IoU, {who}", (round(macro, 2),), f"{n} questions", _BARS.get(who, ()))
