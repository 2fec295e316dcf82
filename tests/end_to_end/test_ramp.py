"""Samples that are their own index, through a whole edge: one lost in silence, doubled or moved is found."""

import re

import pytest

from benchmarks.virtual_machine.played import FS_HZ, signal_csv
from benchmarks.virtual_machine.services_account import Found, counted
from edge.segment_files import read_blocks

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(240)]

SECONDS = 120
SENT = re.compile(r"played (\d+) samples, sent (\d+)")
LOST = re.compile(r"(\d+) samples")


def test_a_ramp_through_strap_link_edge_and_disk_with_losses_and_a_cut(household) -> None:
    record = household.folder / "ramp.csv"
    record.write_text(signal_csv(SECONDS))
    uri = household.start_strap(
        record, "--speed", "5", "--drop", "0.02", "--cut-after", "50", "--cut-for", "4"
    )
    household.write_edge(uri)
    household.start_hub()
    household.start_edge()
    assert household.wait("edge", 180) == 0
    assert household.wait("strap") == 0
    played, sent = map(int, SENT.search(household.log("strap")).groups())
    (recording,) = (household.folder / "edge" / "recordings").iterdir()
    found = counted(read_blocks(recording, 1))
    assert played == SECONDS * FS_HZ
    assert found == Found(n_kept=sent, n_missing=found.n_missing, n_wrong=0, worst_ms=0.0)
    assert 0 < found.n_missing <= played - sent
    told = [notice.text for notice in household.notices() if notice.code == "samples_lost"]
    assert sum(int(LOST.search(text)[1]) for text in told) == found.n_missing
