"""Figures of `hearth evaluate`, on patients that no model of Hearth has learned from."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bars import BARS
from benchmarks.results import Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.errors import UserError
from export.commands import evaluate

Grids = Mapping[str, Any]


def ludb(place: Workplace) -> Result:
    """Waves of each of twelve leads alone."""
    return _waves(place, "ludb", "Waves: LUDB, held-out patients, each lead alone")


def qtdb(place: Workplace) -> Result:
    """Waves of the first lead."""
    return _waves(place, "qtdb", "Waves: QTDB, held-out patients, first lead")


def vf(place: Workplace) -> Result:
    """Ventricular fibrillation in windows of 8 s."""
    grids = grids_of(place, "vf", "--held-out")
    told, rows = grids["conditions"], grids["records"]
    gross, straddling = rows["gross"], rows["straddling a border"]
    what = "VF Se / Sp"
    return Result(
        "vf",
        "Ventricular fibrillation: CU database, held-out patients",
        "hearth evaluate vf --data DIR --held-out",
        (
            f"{told['records']} records, windows of {told['window_s']} s a second apart; VF where the"
            f" mean probability is at least {told['threshold']:g}, chosen on training patients.",
            "A window is VF where half of it or more lies between `[` and `]`. Those that straddle a border"
            f" are counted apart: Se {_percent(straddling['Se'])}, Sp {_percent(straddling['Sp'])}.",
        ),
        [
            Figure(
                what, (gross["Se"], gross["Sp"]), f"{gross['VF']:,} VF, {gross['not VF']:,} not", BARS[what]
            )
        ],
        [table_of(grids, "records", "By record, in windows", "Record")],
    )


def cinc2017(place: Workplace) -> Result:
    """Whole short strips of a hand-held device."""
    grids = grids_of(place, "cinc2017", "--held-out")
    answers, what = grids["answers"], "CinC 2017 score, mean F1 of N, A and O"
    mean = answers["mean of N, A, O"]
    return Result(
        "cinc2017",
        "Short strips: CinC 2017, held-out tenth of the public part",
        "hearth evaluate cinc2017 --data DIR --held-out",
        (
            "One answer for each strip of 9 to 61 s: N normal, A atrial fibrillation, O another rhythm, ~"
            " noise; reference version 3. The challenge's own test set is hidden: its ranks are of other"
            " strips.",
        ),
        [
            Figure(what, (mean["F1"],), f"{mean['n']:,} strips", BARS[what]),
            Figure("CinC 2017 F1 of AF", (answers["A"]["F1"],), f"{answers['A']['n']:,} of AF"),
        ],
        [
            table_of(grids, "answers", "True and given answers", "True"),
            table_of(grids, "wrong", "Strips called wrong", "Record"),
        ],
    )


def grids_of(place: Workplace, subcommand: str, *options: str) -> Grids:
    """What `hearth evaluate SUBCOMMAND --format json` writes; raises UserError where it refuses."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    evaluate.add_arguments(parser)
    with TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [subcommand, "--data", str(place.data), "--bundle", str(place.bundle), *options]
        if place.only_records:
            command += ["--records", *place.only_records]
        try:
            arguments = parser.parse_args([*command, "--format", "json", "--out", str(out)])
        except argparse.ArgumentError as error:
            raise UserError(f"hearth evaluate {subcommand}: {error}") from error
        evaluate.run(arguments)
        grids: Grids = json.loads(out.read_text())
    return grids


def table_of(grids: Grids, name: str, title: str, head: str) -> Table:
    """One of them, with all of its columns."""
    return Table(title, head, grids[name])


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} %"


def _waves(place: Workplace, database: str, title: str) -> Result:
    options = ("--database", database, "--held-out")
    grids = grids_of(place, "waves", *options)
    points = grids["points"]
    return Result(
        database,
        title,
        f"hearth evaluate waves --data DIR {' '.join(options)}",
        (
            f"{grids['conditions']['records']} records; a point is right within 150 ms, inside the stretch"
            " that the experts annotated.",
            "The bar of each SD is the CSE working party's tolerance (two SDs of their referees, 1985). `SD`"
            " is of all errors together; `SD within a record` is the mean of the records' own SDs, as"
            " Martínez 2004 and most papers on QTDB state it, and leaves out how far records differ in their"
            " mean error.",
        ),
        [
            *_f1_figures(points, database),
            *_sd_figures(points, f"{database.upper()} {{}} SD", "SD ms"),
            *_sd_figures(points, f"{database.upper()} {{}} SD within a record", "record SD"),
        ],
        [
            table_of(grids, "points", "All points", "Point"),
            table_of(grids, "records", "By record: Se and +P of peaks, SD of boundaries in ms", "Record"),
        ],
    )


def _f1_figures(points: Mapping[str, Any], database: str) -> list[Figure]:
    return [
        Figure(
            f"{database.upper()} {kind} F1",
            (points[f"{kind} peak"]["F1"],),
            f"{points[f'{kind} peak']['n']:,}",
            BARS[f"{kind} peak F1"],
        )
        for kind in ("P", "QRS", "T")
    ]


def _sd_figures(points: Mapping[str, Any], what: str, column: str) -> list[Figure]:
    return [
        Figure(
            what.format(point),
            (row[column],),
            f"{row['n']:,}, mean {row['mean ms']:+.1f} ms" if row["mean ms"] is not None else f"{row['n']:,}",
            (row["CSE ms"],),
            is_ceiling=True,
            unit="ms",
        )
        for point, row in points.items()
        if row["CSE ms"] is not None
    ]
