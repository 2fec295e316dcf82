"""Tables in the format that the command line asks for."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export.evaluation.figures import Table
from export.evaluation.latex import latex_table


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its name in JSON, how it is written as text, and which columns LaTeX shows."""

    name: str
    table: Table
    text: Callable[[Table], str]
    columns: Sequence[str]


def render(parts: Sequence[Part], form: str, conditions: Mapping[str, Any]) -> str:
    """All tables as text, JSON (with the conditions of the comparison) or LaTeX."""
    if form == "text":
        return "\n".join(part.text(part.table) for part in parts)
    if form == "latex":
        return "\n".join(latex_table(part.table, part.columns) for part in parts)
    tables = {part.name: _as_json(part.table) for part in parts}
    return json.dumps({"conditions": conditions, **tables}, indent=1) + "\n"


def _as_json(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "records": {record: dict(row) for record, row in table.rows.items()},
        "sum": dict(table.total),
        "gross": dict(table.gross),
        "average": dict(table.average),
    }
