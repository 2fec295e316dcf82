"""Tables in the line format of the reference tools, character by character."""

from collections.abc import Iterable
from typing import Final

from export.evaluation.clock import clock_text, short_clock_text
from export.evaluation.figures import Row, Table
from export.evaluation.summary import BEAT_COUNTS, EPISODE_COUNTS, RUN_COUNTS, SHUTDOWN_COUNTS

BEAT_HEADER: Final = (
    "Record Nn' Sn' Vn' Fn' On'  Ns  Ss  Vs  Fs' Os' Nv  Sv   Vv  Fv' Ov' No' So' Vo' Fo'"
    "  Q Se   Q +P   V Se   V +P   S Se   S +P RR err\n"
)
SHUTDOWN_HEADER: Final = (
    "Record Nx   Sx   Vx   Fx   Qx  % beats  % N    % S    % V    % F   Total Shutdown\n"
    "                                missed missed missed missed missed      Time\n"
)
RUN_HEADER: Final = "Record CTs CFN CTp CFP STs SFN STp SFP LTs LFN LTp LFP  CSe C+P SSe S+P LSe L+P\n"
SVE_RUN_HEADER: Final = "(SVE run detection)\n" + RUN_HEADER
EPISODE_HEADER: Final = "Record  TPs   FN  TPp   FP  ESe E+P DSe D+P  Ref duration  Test duration \n"

BEAT_FIGURES: Final = ("Q Se", "Q +P", "V Se", "V +P", "S Se", "S +P")
SHUTDOWN_FIGURES: Final = ("% beats", "% N", "% S", "% V", "% F")
RUN_FIGURES: Final = ("CSe", "C+P", "SSe", "S+P", "LSe", "L+P")
_EPISODE_FIGURES: Final = ("ESe", "E+P", "DSe", "D+P")
_DURATIONS: Final = ("Ref duration", "Test duration")
EPISODE_COLUMNS: Final = (*EPISODE_COUNTS, *_EPISODE_FIGURES, *_DURATIONS)


_V: Final = ("Vn'", "Vs", "Vv", "Vo'")
_S: Final = ("Sn'", "Ss", "Sv", "So'")
_QRS: Final = tuple(name for name in BEAT_COUNTS if not name.startswith("O"))

_FIRST, *_OTHERS = BEAT_COUNTS
_BEAT_WIDTHS: Final = {"Nn'": 5, "Vv": 4}


def beat_lines(table: Table) -> str:
    """What `bxb -L` writes about beats."""
    return BEAT_HEADER + "".join(_beat_line(record, row) for record, row in table.rows.items())


def beat_text(table: Table) -> str:
    """The same with the end that `sumstats` adds."""
    total = table.total
    return (
        beat_lines(table)
        + "_" * 132
        + f"\nSum {total[_FIRST]:6d} {_counts(total, _OTHERS)}\n"
        + f"{'Gross':83}{_percents(table.gross, BEAT_FIGURES)}\n"
        + f"{'Average':83}{_percents(table.average, (*BEAT_FIGURES, 'RR err'))}\n"
        + f"Total QRS complexes: {_sum(total, _QRS)}  Total VEBs: {_sum(total, _V)}"
        + f"  Total SVEBs: {_sum(total, _S)}\n"
        + _footer(table)
    )


def shutdown_lines(table: Table) -> str:
    """What `bxb -L` writes about unreadable signal."""
    return SHUTDOWN_HEADER + "".join(_shutdown_line(record, row) for record, row in table.rows.items())


def shutdown_text(table: Table) -> str:
    """The same with the end that `sumstats` adds."""
    counts = " ".join(f"{table.total[name]:4d}" for name in SHUTDOWN_COUNTS)
    return (
        shutdown_lines(table)
        + "_" * 72
        + f"\nSum  {counts}{'':38}{table.total['Shutdown']:4d} seconds\n"
        + _footer(table)
    )


def run_lines(table: Table, header: str) -> str:
    """What `rxr -L` writes about runs; the headers of V and S differ."""
    return header + "".join(
        f"{record:>4} {_counts(row, RUN_COUNTS)} {_whole_percents(row, RUN_FIGURES)}\n"
        for record, row in table.rows.items()
    )


def run_text(table: Table, header: str) -> str:
    """The same with the end that `sumstats` adds."""
    total = table.total
    return (
        run_lines(table, header)
        + "_" * 77
        + f"\nSum   {total['CTs']:4d} {_counts(total, RUN_COUNTS[1:])}\n"
        + f"{'Gross':55}{_whole_percents(table.gross, RUN_FIGURES)}\n"
        + f"{'Average':55}{_whole_percents(table.average, RUN_FIGURES)}\n"
        + f"Total couplets: {_sum(total, ('CTs', 'CFN'))}  Total short runs: {_sum(total, ('STs', 'SFN'))}"
        + f"  Total long runs: {_sum(total, ('LTs', 'LFN'))}\n"
        + _footer(table)
    )


def episode_lines(table: Table) -> str:
    """What `epicmp -L` writes; the table's title is the first line."""
    header = f"({table.title})\n{EPISODE_HEADER}"
    return header + "".join(_episode_line(record, row) for record, row in table.rows.items())


def episode_text(table: Table) -> str:
    """The same with the end that `sumstats` adds."""
    total = table.total
    reference, test = (clock_text(int(total[name] or 0)) for name in _DURATIONS)
    return (
        episode_lines(table)
        + "_" * 72
        + f"\nSum    {_wide_counts(total)}{'':19}{reference}   {test}\n"
        + f"{'Gross':27}{_whole_percents(table.gross, _EPISODE_FIGURES)}\n"
        + f"{'Average':27}{_whole_percents(table.average, _EPISODE_FIGURES)}\n"
        + _footer(table)
    )


def _beat_line(record: str, row: Row) -> str:
    # the reference tool writes an undefined RR error without the space before it
    error = "     -" if row["RR err"] is None else f" {row['RR err']:6.2f}"
    return f"{record:>4} {_counts(row, BEAT_COUNTS)}{_percents(row, BEAT_FIGURES)}{error}\n"


def _shutdown_line(record: str, row: Row) -> str:
    counts = " ".join(f"{row[name]:4d}" for name in SHUTDOWN_COUNTS)
    beats = " ".join(str(row[label]) for label in "NSVFQ")
    percents = _percents(row, SHUTDOWN_FIGURES)
    return f"{record:>4} {counts}  {percents}{row['Shutdown']:5d} seconds {beats}\n"


def _episode_line(record: str, row: Row) -> str:
    reference, test = (short_clock_text(int(row[name] or 0)) for name in _DURATIONS)
    percents = _whole_percents(row, _EPISODE_FIGURES)
    return f"{record:>6} {_wide_counts(row)} {percents}  {reference}   {test}\n"


def _wide_counts(row: Row) -> str:
    return " ".join(f"{row[name]:4d}" for name in EPISODE_COUNTS)


def _counts(row: Row, columns: Iterable[str]) -> str:
    return " ".join(f"{row[name]:{_BEAT_WIDTHS.get(name, 3)}d}" for name in columns)


def _percents(row: Row, columns: Iterable[str]) -> str:
    return "".join("      -" if row[name] is None else f" {row[name]:6.2f}" for name in columns)


def _whole_percents(row: Row, columns: Iterable[str]) -> str:
    return "".join("   -" if row[name] is None else f" {row[name]:3.0f}" for name in columns)


def _sum(row: Row, columns: Iterable[str]) -> int:
    return sum(int(row[name] or 0) for name in columns)


def _footer(table: Table) -> str:
    n = len(table.rows)
    return f"\nSummary of results from {n} record{'' if n == 1 else 's'}\n"
