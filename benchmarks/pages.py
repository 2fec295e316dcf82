"""Results as Markdown: one summary, and one page for each task."""

from collections.abc import Mapping, Sequence

from benchmarks.bars import Numbers
from benchmarks.results import Cell, Figure, Result, Table

SUMMARY_HEAD = ("Figure", "Bar", "Hearth", "Counted", "Bar is", "Best open peer", "Page")


def summary_page(results: Sequence[Result], made_with: Mapping[str, str]) -> str:
    """All figures beside their bars, and what they were made with."""
    rows = [_summary_row(figure, result) for result in results for figure in result.figures]
    commands = [f"* [{result.title}]({result.name}.md): `{result.command}`" for result in results]
    made = [f"* {name}: {value}" for name, value in made_with.items()]
    return "\n".join(
        [
            "# Figures",
            "",
            "All of this is printed by `make figures DATA=DIR`, see [training.md](../training.md) for what",
            "`DIR` holds. A bar is what the project asks of itself; `missed` says that it is not reached.",
            "The best open peer is the one of those that were run here with the best mean of the numbers.",
            "",
            *markdown(SUMMARY_HEAD, rows),
            "",
            "## Commands",
            *commands,
            "",
            "## Made with",
            *made,
            "",
        ]
    )


def result_page(result: Result) -> str:
    """Notes and all tables of one task."""
    lines = [f"# {result.title}", "", f"`{result.command}`", ""]
    lines += [f"* {note}" for note in result.notes]
    lines += [""] if result.notes else []
    rows = [_summary_row(figure, result)[:-1] for figure in result.figures]
    lines += [*markdown(SUMMARY_HEAD[:-1], rows), ""] if rows else []
    for table in result.tables:
        lines += [f"## {table.title}", "", *markdown(*_cells(table)), ""]
    return "\n".join(lines)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """An aligned table; the first column to the left, all others to the right."""
    widths = [max(3, *map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [_line(line, widths) for line in (head, rule, *rows)]


def numbers_text(numbers: Numbers, unit: str) -> str:
    """Two decimals; `–` is undefined."""
    text = " / ".join("–" if number is None else f"{number:.2f}" for number in numbers)
    return f"{text} {unit}".strip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def _summary_row(figure: Figure, result: Result) -> tuple[str, ...]:
    limit = "at most " if figure.is_ceiling else ""
    peer = figure.best_peer
    return (
        figure.what,
        f"{limit}{numbers_text(figure.bar, figure.unit)}" if figure.bar else "",
        numbers_text(figure.ours, figure.unit),
        figure.counted,
        figure.verdict,
        f"{peer}: {numbers_text(figure.peers[peer], figure.unit)}" if peer else "none",
        f"[{result.name}]({result.name}.md)",
    )


def _cells(table: Table) -> tuple[list[str], list[list[str]]]:
    columns = list(dict.fromkeys(column for row in table.rows.values() for column in row))
    body = [[name, *(_cell(row.get(column)) for column in columns)] for name, row in table.rows.items()]
    return [table.head, *columns], body


def _cell(value: Cell) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
