"""Accidents drawn from seeds: nothing is lost, nothing told twice, each raw sample kept or told missing.

`python -m benchmarks.chaos --rounds 500 --seed 1` plays as many rounds as one likes.
"""

import errno
import os
import subprocess
import sys
import time

import pytest

from benchmarks.chaos.edge_disk import EdgeDisk
from benchmarks.chaos.nursery import Nursery
from benchmarks.chaos.plan import draw
from benchmarks.chaos.rounds import play, prepare
from benchmarks.chaos.surroundings import clock_library, write_clock

ROUNDS = 20

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as running:
        yield running


@pytest.fixture(scope="module")
def source(nursery, tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("source"), nursery)


@pytest.mark.parametrize("seed", range(1, ROUNDS + 1))
def test_a_round_of_accidents(nursery, source, tmp_path, seed) -> None:
    played = play(tmp_path / "house", nursery, source, draw(seed))
    assert not played.account.wrong, (str(played.plan), *played.account.wrong)


def test_a_disk_that_is_filled_takes_no_byte_more(nursery, tmp_path) -> None:
    if not nursery.has_own_disks:
        pytest.skip("mounts of one's own are not permitted here")
    disk = EdgeDisk(tmp_path / "edge", nursery)
    disk.fill(None)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk.path / "more").write_bytes(bytes(5000))
    disk.empty(None)
    (disk.path / "more").write_bytes(bytes(5000))
    assert not (tmp_path / "edge" / "more").exists(), (
        "it is the disk of those that are started in the nursery"
    )
    disk.remove()


_WATCH = """
import asyncio, sys, time
from pathlib import Path
from benchmarks.chaos.surroundings import follow_clock
follow_clock(Path(sys.argv[1]))
for line in sys.stdin:
    before_s = time.monotonic()
    asyncio.run(asyncio.sleep(0.1))
    time.sleep(0.1)
    print(time.time(), time.monotonic() - before_s, flush=True)
"""


def test_a_running_process_sees_its_clock_move_and_waits_as_before(tmp_path) -> None:
    library, clock = clock_library(tmp_path), tmp_path / "edge.clock"
    if library is None:
        pytest.skip("no C compiler here")
    write_clock(clock, 0.0)
    with subprocess.Popen(
        [sys.executable, "-c", _WATCH, str(clock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "LD_PRELOAD": str(library)},
    ) as process:
        assert process.stdin
        assert process.stdout
        for moved_s in (0.0, 7200.0, -7200.25, -3e8, 0.0):
            write_clock(clock, moved_s)
            print(file=process.stdin, flush=True)
            now_s, waited_s = map(float, process.stdout.readline().split())
            assert now_s - time.time() == pytest.approx(moved_s, abs=0.5)
            assert 0.2 <= waited_s < 5.0
        process.stdin.close()
