"""Score a detector against reference annotations, by the rules of ANSI/AAMI EC57.

    hearth evaluate beats --data mitdb --test qrs          all records in mitdb/ that have .atr and .qrs
    hearth evaluate beats --help                           what a subcommand does, and its options

Annotations are WFDB files; the figures are those of the reference tools bxb, rxr, epicmp and sumstats,
to the last digit: the first five minutes are not scored, beats match within 150 ms.
"""

import argparse
from typing import Final

from export.evaluation.commands import beats, cinc2017, episodes, localization, noise, report, runs, vf, waves

HELP = "score a detector by the rules of EC57 (needs wfdb, no torch)"

_SUBCOMMANDS: Final = {
    "beats": beats,
    "runs": runs,
    "episodes": episodes,
    "report": report,
    "waves": waves,
    "noise": noise,
    "vf": vf,
    "cinc2017": cinc2017,
    "localization": localization,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands of `hearth evaluate`, each a module with HELP, add_arguments and run."""
    subparsers = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    for name, module in _SUBCOMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(subcommand=module)


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    return int(arguments.subcommand.run(arguments))
