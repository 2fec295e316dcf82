"""The bars that the project sets itself; a figure that stays below one is printed as missed."""

from typing import Final

Numbers = tuple[float | None, ...]

BARS: Final[dict[str, tuple[float, ...]]] = {
    "QRS Se / +P": (99.85, 99.85),
    "V Se / +P": (96.0, 97.0),
    "S Se / +P": (80.0, 80.0),
    "AF by duration, Se / Sp": (95.0, 99.0),
    "QRS at 6 dB, Se / +P": (98.5, 93.0),
    "QRS at 0 dB, Se / +P": (93.0, 82.0),
    "AF by RR alone, afdb, Se / Sp": (98.0, 98.0),
    "AF by RR alone, nsrdb, Sp": (99.6,),
    "VF Se / Sp": (95.0, 98.0),
    "CinC 2017 score, mean F1 of N, A and O": (83.0,),
    "P peak F1": (93.0,),
    "QRS peak F1": (97.0,),
    "T peak F1": (93.0,),
    "times real time": (500.0,),
    "times as fast as neurokit2": (3.0,),
}
"""Lower bounds, in percent but for speed."""

MOST_MEMORY_MB: Final = 200.0
