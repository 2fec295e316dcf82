"""Repeats every figure that the project publishes, beside the open peers, and writes the pages.

    python -m benchmarks.figures --data DIR                       everything
    python -m benchmarks.figures --data DIR --only beats speed    these tasks again; the others stay
    python -m benchmarks.figures --data DIR --only beats --records 100 232 --out try/

DIR holds the databases, each in a folder of its own (see docs/training.md). Peers are optional:
`make figures` puts them into .venv-peers; one that is missing gets a row that says so.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import (
    alert_latency,
    beats,
    comparison,
    demo,
    evaluated,
    faithfulness,
    find,
    intervals,
    language_speed,
    localization,
    noise,
    rhythm,
    runs,
    speed,
    statements,
)
from benchmarks.detections import ROOT, default_peers_python
from benchmarks.made_with import into_manifest, made_with
from benchmarks.pages import numbers_text, result_page, summary_page
from benchmarks.results import Result, from_json, to_json
from benchmarks.workplace import FOR_USER, Workplace
from edge.bundle import DEFAULT_BUNDLE
from edge.errors import UserError

TASKS: Final[dict[str, Callable[[Workplace], Result]]] = {
    "beats": beats.run,
    "runs": runs.run,
    "rhythm": rhythm.run,
    "noise": noise.run,
    "intervals": intervals.run,
    "ludb": evaluated.ludb,
    "qtdb": evaluated.qtdb,
    "vf": evaluated.vf,
    "cinc2017": evaluated.cinc2017,
    "demo": demo.run,
    "find": find.run,
    "speed": speed.run,
    "localization": localization.short,
    "localization-long": localization.long,
    "statements": statements.run,
    "comparison": comparison.run,
    "faithfulness": faithfulness.run,
    "language-speed": language_speed.run,
    "alert-latency": alert_latency.run,
}
PAGES: Final = ROOT / "docs" / "figures"


def main(argv: list[str] | None = None) -> int:
    """Exit status 1 where a task could not be run, 2 where none was."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except FOR_USER as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds mitdb/, nstdb/, ...")
    parser.add_argument("--out", type=Path, default=PAGES, help="default: docs/figures")
    parser.add_argument("--only", nargs="+", choices=TASKS, metavar="NAME", help=" ".join(TASKS))
    parser.add_argument("--records", nargs="+", metavar="RECORD", help="only these; not into docs/figures")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peers-python", type=Path, help="default: that of .venv-peers")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "figures", help="keeps what was found")
    parser.add_argument("--into-manifest", action="store_true", help="DS2 figures into the bundle's manifest")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.records and (arguments.out == PAGES or arguments.into_manifest):
        raise UserError("--records: figures of a part are not published; give another --out")
    shutil.rmtree(arguments.work / "hearth", ignore_errors=True)
    python = arguments.peers_python or default_peers_python()
    place = Workplace(
        arguments.data.absolute(),
        arguments.bundle.absolute(),
        arguments.work.absolute(),
        python.absolute() if arguments.peers else None,
        arguments.records,
    )
    made = made_with(place)
    failed = 0
    for name in arguments.only or TASKS:
        failed += _task(name, place, arguments.out, made)
    if arguments.into_manifest:
        into_manifest(place.bundle, _stored(arguments.out, made))
    return int(failed > 0)


def _task(name: str, place: Workplace, out: Path, made: dict[str, str]) -> bool:
    """Run, and write all pages anew; returns whether it failed."""
    started = time.monotonic()
    try:
        result = TASKS[name](place)
    except FOR_USER as error:
        print(f"{name}: not measured: {error}", flush=True)
        return True
    results = _stored(out, made) | {name: result}
    _write(out, {name: results[name] for name in TASKS if name in results}, made)
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    for figure in result.figures:
        print(f"  {figure.what}: {numbers_text(figure.ours, figure.unit)} {figure.verdict}")
    return False


def _stored(out: Path, made: dict[str, str]) -> dict[str, Result]:
    """Results of earlier runs with the same models; those of other models are dropped."""
    path = out / "figures.json"
    stored = json.loads(path.read_text()) if path.exists() else {}
    if stored.get("made_with", {}).get("bundle") != made["bundle"]:
        return {}
    return {name: from_json(result) for name, result in stored["results"].items()}


def _write(out: Path, results: dict[str, Result], made: dict[str, str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for page in out.glob("*.md"):
        page.unlink()
    (out / "README.md").write_text(summary_page(list(results.values()), made))
    for name, result in results.items():
        (out / f"{name}.md").write_text(result_page(result))
    stored = {"made_with": made, "results": {name: to_json(result) for name, result in results.items()}}
    (out / "figures.json").write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
