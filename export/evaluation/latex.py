"""A table as plain LaTeX: no package is needed to typeset it."""

from collections.abc import Sequence
from typing import Final

from export.evaluation.clock import short_clock_text
from export.evaluation.figures import Cell, Row, Table

_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def latex_table(table: Table, columns: Sequence[str]) -> str:
    """A `tabular` with a row for each record, then sum, gross and average where there are any."""
    summary = {"Sum": table.total, "Gross": table.gross, "Average": table.average}
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\hline",
        _line("Record", list(columns)),
        r"\hline",
        *(_row(record, row, columns) for record, row in table.rows.items()),
        r"\hline",
        *(_row(name, row, columns) for name, row in summary.items() if any(c in row for c in columns)),
        r"\hline",
        r"\end{tabular}",
    ]
    return f"% {_one_line(table.title)}\n" + "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return "".join(_ESCAPES.get(character, character) for character in _one_line(text))


def _row(name: str, row: Row, columns: Sequence[str]) -> str:
    return _line(name, [_cell(row[column], column) if column in row else "" for column in columns])


def _line(name: str, cells: Sequence[str]) -> str:
    return " & ".join(escape(text) for text in (name, *cells)) + r" \\"


def _cell(value: Cell, column: str) -> str:
    if value is None:
        return "-"
    if column.endswith("duration"):
        return short_clock_text(int(value)).lstrip()
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
