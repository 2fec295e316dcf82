"""Quotients in percent, and tables of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

Cell = int | float | None
Row = Mapping[str, Cell]
"""One line of a table by column: counts are int, percentages and times float, None is undefined."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """None where nothing was there to be found."""
        return 100.0 * self.part / self.whole if self.whole > 0 else None

    @property
    def rounded(self) -> int | None:
        """Whole percents, halves up."""
        return None if self.percent is None else int(self.percent + 0.5)


@dataclass(frozen=True, slots=True)
class Quotient:
    """Which columns are summed to be divided."""

    part: tuple[str, ...]
    whole: tuple[str, ...]

    def of(self, row: Row) -> Ratio:
        """The quotient of one row's counts."""
        return Ratio(_sum(row, self.part), _sum(row, self.whole))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of records, with their sum, gross figures (all records as one) and average of the records."""

    title: str
    rows: Mapping[str, Row]
    total: Row
    gross: Row
    average: Row


def totals(rows: Iterable[Row], columns: Iterable[str]) -> dict[str, Cell]:
    """Sum of each count."""
    lines = list(rows)
    return {name: sum(int(row[name] or 0) for row in lines) for name in columns}


def gross(quotients: Mapping[str, Quotient], total: Row) -> dict[str, Cell]:
    """Percentages of the summed counts."""
    return {name: quotient.of(total).percent for name, quotient in quotients.items()}


def averages(quotients: Mapping[str, Quotient], rows: Iterable[Row]) -> dict[str, Cell]:
    """Mean percentage of the records in which it is defined."""
    lines = list(rows)
    return {name: _mean([quotient.of(row) for row in lines]) for name, quotient in quotients.items()}


def mean(numbers: Iterable[float]) -> float | None:
    """Arithmetic mean, None of nothing; adds from the left, as the reference tool does."""
    terms = list(numbers)
    return reduce(add, terms, 0.0) / len(terms) if terms else None


def _sum(row: Row, columns: tuple[str, ...]) -> int:
    return sum(int(row[name] or 0) for name in columns)


def _mean(ratios: Iterable[Ratio]) -> float | None:
    shares = [ratio.part / ratio.whole for ratio in ratios if ratio.whole > 0]
    return 100.0 * reduce(add, shares, 0.0) / len(shares) if shares else None
