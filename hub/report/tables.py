"""Tables in the report's style; every cell is LaTeX that was made by `hub.report.latex`."""

from collections.abc import Iterable, Sequence

from pylatex import NoEscape

from edge.labels import Priority
from hub.report.drawing import Colour
from hub.report.latex import bold, coloured, text
from hub.wording import Fact

PRIORITY_COLOURS: dict[Priority, Colour] = {
    Priority.HIGH: (0.75, 0.0, 0.05),
    Priority.MEDIUM: (0.60, 0.40, 0.0),
    Priority.LOW: (0.0, 0.42, 0.52),
    Priority.INFORMATION: (0.35, 0.35, 0.35),
}


def priority_cell(priority: Priority) -> NoEscape:
    """The word of a priority in its colour; the urgent ones in capitals."""
    is_urgent = priority in {Priority.HIGH, Priority.MEDIUM}
    words = bold(priority.upper()) if is_urgent else text(priority)
    return coloured(words, PRIORITY_COLOURS[priority])


def facts_table(title: str, facts: Iterable[Fact], width_mm: float) -> NoEscape:
    """A title over labels and values: one column of the summary."""
    rows = "\n".join(rf"{text(fact.label)} & {text(fact.value)} \\" for fact in facts)
    return NoEscape(
        rf"\begin{{minipage}}[t]{{{width_mm}mm}}{bold(title)}\strut\\[0.3ex]"
        rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}X@{{\hspace{{2mm}}}}r@{{}}}}\hline"
        rf"\noalign{{\vskip 0.5ex}}{rows}"
        r"\end{tabularx}\end{minipage}"
    )


def long_table(columns: str, heading: Sequence[str], rows: Iterable[Sequence[NoEscape]]) -> NoEscape:
    """A table that may go over pages; its heading comes again on each."""
    head = " & ".join(bold(name) for name in heading)
    body = "\n".join(rf"{' & '.join(cells)} \\" for cells in rows)
    return NoEscape(
        rf"{{\small\setlength{{\LTleft}}{{0pt}}\setlength{{\LTright}}{{0pt}}"
        rf"\begin{{longtable}}{{@{{\extracolsep{{\fill}}}}{columns}@{{}}}}"
        rf"\toprule {head} \\ \midrule\endhead {body} \bottomrule\end{{longtable}}}}"
    )
