"""What a task gives: figures with their bars, and tables; as JSON and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.bars import Numbers

Cell = int | float | str | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the summary: each number is to be at least that of the bar, at most for a ceiling."""

    what: str
    ours: Numbers
    counted: str
    bar: tuple[float, ...] = ()
    is_ceiling: bool = False
    unit: str = "%"
    peers: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no bar; judged before rounding."""
        if not self.bar:
            return ""
        if None in self.ours:
            return "not measured"
        pairs = zip(self.ours, self.bar, strict=True)
        is_met = all((a or 0.0) <= b if self.is_ceiling else (a or 0.0) >= b for a, b in pairs)
        return "met" if is_met else "missed"

    @property
    def best_peer(self) -> str | None:
        """The peer whose numbers have the best mean; one that was not measured in full has none."""
        means = {name: _mean(numbers) for name, numbers in self.peers.items() if None not in numbers}
        choose = min if self.is_ceiling else max
        return choose(means, key=lambda name: means[name]) if means else None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by name; a row may lack columns that others have."""

    title: str
    head: str
    rows: Mapping[str, Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class Result:
    """All that one task has to say; `command` repeats it."""

    name: str
    title: str
    command: str
    notes: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


def to_json(result: Result) -> dict[str, Any]:
    """As JSON can hold it."""
    return asdict(result)


def from_json(stored: Mapping[str, Any]) -> Result:
    """The inverse of `to_json`."""
    figures = [
        Figure(
            **{
                **figure,
                "ours": tuple(figure["ours"]),
                "bar": tuple(figure["bar"]),
                "peers": {name: tuple(numbers) for name, numbers in figure["peers"].items()},
            }
        )
        for figure in stored["figures"]
    ]
    tables = [Table(**table) for table in stored["tables"]]
    return Result(**{**stored, "figures": figures, "tables": tables})


def _mean(numbers: Numbers) -> float:
    return sum(number or 0.0 for number in numbers) / len(numbers)
