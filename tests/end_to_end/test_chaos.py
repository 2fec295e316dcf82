"""Accidents drawn from seeds: nothing is lost, nothing told twice, each raw sample kept or told missing.

`python -m benchmarks.chaos --rounds 500 --seed 1` plays as many rounds as one likes.
"""

import pytest

from benchmarks.chaos.nursery import Nursery
from benchmarks.chaos.plan import draw
from benchmarks.chaos.rounds import play, prepare

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
