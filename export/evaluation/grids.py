"""Tables of any figures, as text, JSON or LaTeX."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export.evaluation.figures import Cell
from export.evaluation.latex import escape, tabular

Line = Mapping[str, Cell | str]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its name in JSON, a title, what its rows are, and the columns that text and LaTeX show."""

    name: str
    title: str
    head: str
    columns: Sequence[str]
    rows: Mapping[str, Line]


def render_grids(grids: Sequence[Grid], form: str, conditions: Mapping[str, Any]) -> str:
    """All tables; JSON has every column, and the conditions under which the figures were found."""
    if form == "json":
        tables = {grid.name: {name: dict(row) for name, row in grid.rows.items()} for grid in grids}
        return json.dumps({"conditions": conditions, **tables}, indent=1) + "\n"
    return "\n".join(_latex(grid) if form == "latex" else _text(grid) for grid in grids)


def _text(grid: Grid) -> str:
    lines = [(grid.head, *grid.columns), *_cells(grid)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [
        "  ".join([name.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:], strict=True))])
        for name, *cells in lines
    ]
    return "\n".join([grid.title, *(row.rstrip() for row in rows)]) + "\n"


def _latex(grid: Grid) -> str:
    head, *body = (
        " & ".join(map(escape, line)) + r" \\" for line in [(grid.head, *grid.columns), *_cells(grid)]
    )
    return tabular(grid.title, head, body, len(grid.columns))


def _cells(grid: Grid) -> list[tuple[str, ...]]:
    return [(name, *(_cell(row.get(column)) for column in grid.columns)) for name, row in grid.rows.items()]


def _cell(value: Cell | str) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
