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
    body = [
        *(_row(record, row, columns) for record, row in table.rows.items()),
        r"\hline",
        *(_row(name, row, columns) for name, row in summary.items() if any(c in row for c in columns)),
    ]
    return tabular(table.title, _line("Record", list(columns)), body, len(columns))


def tabular(title: str, head: str, body: Sequence[str], n_columns: int) -> str:
    """A paragraph small enough for the width of an article's page; `n_columns` stand right of the names."""
    lines = [
        f"% {_one_line(title)}",
        r"{\par\noindent\scriptsize\setlength{\tabcolsep}{3pt}%",
        rf"\begin{{tabular}}{{l{'r' * n_columns}}}",
        r"\hline",
        head,
        r"\hline",
        *body,
        r"\hline",
        r"\end{tabular}\par}",
    ]
    return "\n".join(lines) + "\n"


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
    digits = 3 if column == "V FPR" else 2  # as bxb
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
