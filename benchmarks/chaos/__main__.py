"""Kills, cuts, fills and damages at random, and settles the account after each round.

    python -m benchmarks.chaos --rounds 500 --seed 1
    python -m benchmarks.chaos --rounds 1 --seed 217      that round again

A round plays a hundred seconds of real ECG from a replayed record to the hub's database, while the edge, the
broker and the hub are killed (SIGKILL), the network is cut or stalls, the edge's disk is full, clocks are
moved by hours and years, and the last bytes of a segment or of the outbox's journal are damaged. At its end
every event that an undisturbed run gives must be in the hub exactly once, and every raw sample must be on
disk or be told missing. In every third round a file of the recording is damaged after that: the edge that is
started next must tell each sample that it cost, once.
"""

import argparse
import logging
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.chaos.nursery import Nursery
from benchmarks.chaos.plan import draw
from benchmarks.chaos.rounds import Played, play, prepare


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each next one has one more")
    parser.add_argument("--keep", type=Path, help="folder for what is left of rounds that went wrong")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after this time")
    arguments = parser.parse_args()
    logging.disable()  # reading what is damaged says so
    with TemporaryDirectory() as name, Nursery() as nursery:
        print(nursery, flush=True)
        rounds = _play_all(arguments, Path(name), nursery)
    _sum_up(rounds)
    return 1 if any(played.account.wrong for played in rounds) else 0


def _sum_up(rounds: list[Played]) -> None:
    bad = [played for played in rounds if played.account.wrong]
    missing = sum(played.account.missing for played in rounds)
    kinds = Counter(accident.kind for played in rounds for accident in played.plan.accidents)
    refused = Counter(who for played in rounds for who in played.refused)
    lossy = sum(played.had_loss for played in rounds)
    print(f"{len(rounds)} rounds, {len(bad)} went wrong; median {median(p.seconds for p in rounds):.1f} s")
    print(f"{sum(kinds.values())} accidents: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}")
    rotten = sum(played.plan.rot is not None for played in rounds)
    print(f"in {rotten} rounds a file was damaged after all of it")
    full = ", ".join(f"{who} in {n} rounds" for who, n in refused.items())
    print(f"a full disk was met by {full or 'nobody'}")
    print(
        f"{missing} raw samples are missing and were told;"
        f" in {lossy} rounds some of them died with an edge before its next checkpoint"
    )
    for played in bad:
        print(f"again: python -m benchmarks.chaos --rounds 1 --seed {played.plan.seed}")


def _play_all(arguments: argparse.Namespace, work: Path, nursery: Nursery) -> list[Played]:
    source, rounds = prepare(work, nursery), []
    began_s = time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.rounds):
        folder = work / str(seed)
        played = play(folder, nursery, source, draw(seed), arguments.keep and arguments.keep / str(seed))
        rounds.append(played)
        _tell(played)
        shutil.rmtree(folder)
        if time.monotonic() - began_s > 60 * arguments.minutes:
            break
    return rounds


def _tell(played: Played) -> None:
    state = "wrong" if played.account.wrong else "fine"
    lost = f", {played.account.missing} samples missing and told" if played.account.missing else ""
    died = ", some with the edge" if played.had_loss else ""
    print(f"{state}, {played.seconds:.1f} s{lost}{died}; {played.plan}", flush=True)
    for line in played.account.wrong:
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
