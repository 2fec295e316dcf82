"""Episode by episode, and second by second: atrial and ventricular fibrillation, ischaemic ST change.

    hearth evaluate episodes --data afdb --test found
    hearth evaluate episodes --data edb --test found --kinds ST

ESe and E+P count episodes, of which any overlap makes a hit; DSe and D+P count seconds. Atrial flutter is
not AF. By EC38:2007 and EC57, all AF that the detector reports is counted; with --exclude-flutter, what it
reports in reference atrial flutter is left out of E+P and D+P, as in EC38:1998. The text is that of
`epicmp -L` and `sumstats`.
"""

import argparse
from dataclasses import asdict

from export.evaluation.commands.options import (
    add_annotators,
    add_output,
    add_period,
    add_records,
    options_of,
    read_records,
    seconds,
    write,
)

HELP = "episode by episode: AF, VF and ST, by number and by duration (epicmp)"

TITLES = {
    "AF": "AF detection",
    "VF": "VF detection",
    "ST0": "Ischemic ST detection, signal 0",
    "ST1": "Ischemic ST detection, signal 1",
    "ST": "Ischemic ST detection, both signals",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate episodes`."""
    add_annotators(parser)
    add_records(parser)
    add_period(parser)
    add_episodes(parser)
    add_output(parser)


def add_episodes(parser: argparse.ArgumentParser) -> None:
    """Which episodes count."""
    parser.add_argument(
        "--kinds", nargs="+", choices=list(TITLES), default=["AF", "VF"], help="default: AF VF"
    )
    parser.add_argument(
        "--shortest-s", type=seconds, default=0.0, help="do not count episodes shorter than this (EC57: 0)"
    )
    parser.add_argument(
        "--exclude-flutter", action="store_true", help="EC38:1998: no AF is counted in reference AFL (-x)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Score, and write the tables."""
    from export.evaluation.commands.tables import Part, render
    from export.evaluation.episode_reader import EpisodeKind
    from export.evaluation.episodes import score_episodes
    from export.evaluation.summary import episode_table
    from export.evaluation.text import EPISODE_COLUMNS, episode_text

    options = options_of(arguments)
    records = read_records(arguments)
    parts = []
    for kind in arguments.kinds:
        scores = {record.name: score_episodes(record, EpisodeKind(kind), options) for record in records}
        parts.append(Part(kind, episode_table(TITLES[kind], scores), episode_text, EPISODE_COLUMNS))
    return write(arguments, render(parts, arguments.format, asdict(options)))
