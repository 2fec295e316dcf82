"""What the hub has confirmed is remembered on a full disk, over kills, and is not sent again."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.events import NoticeEvent
from edge.messages import utc
from edge.outbox import RECEIPTS, Outbox
from edge.receipt_ring import N_SLOTS, ReceiptRing
from edge.stream import NS_PER_S


def ids(n: int) -> list[UUID]:
    return [UUID(int=i + 1) for i in range(n)]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3 * N_SLOTS), min_size=1, max_size=3))
def test_the_newest_are_known_over_restarts(tmp_path_factory, stops) -> None:
    path, added = tmp_path_factory.mktemp("ring") / "ring", 0
    for stop in sorted(stops):
        ring = ReceiptRing(path)
        ring.add(ids(stop))
        ring.close()
        added = stop
    ring = ReceiptRing(path)
    ring.close()
    known = [event_id in ring for event_id in ids(added)]
    assert all(known[-N_SLOTS:])
    assert sum(known) == min(added, N_SLOTS)


@given(at=st.integers(0, N_SLOTS * 24 - 1), turned=st.integers(1, 255))
@settings(deadline=None, max_examples=20)
def test_damage_costs_what_it_touches(tmp_path_factory, at, turned) -> None:
    path = tmp_path_factory.mktemp("ring") / "ring"
    ring = ReceiptRing(path)
    ring.add(ids(N_SLOTS))
    ring.close()
    content = bytearray(path.read_bytes())
    content[at] ^= turned
    path.write_bytes(content)
    ring = ReceiptRing(path)
    ring.close()
    assert sum(event_id in ring for event_id in ids(N_SLOTS)) == N_SLOTS - 1


def test_a_ring_that_cannot_be_made_remembers_while_it_lives(tmp_path) -> None:
    ring = ReceiptRing(tmp_path / "no folder" / "ring")
    ring.add(ids(3))
    assert ids(3)[2] in ring
    ring.close()


def notice(text: str) -> NoticeEvent:
    return NoticeEvent(
        event_id=UUID(int=7),
        device_id="d",
        patient_id="p",
        recording_id=uuid4(),
        at=utc(NS_PER_S),
        code="disk_limit",
        text=text,
    )


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_what_follows_again_with_another_content_is_not_sent_where_the_hub_has_it(
    tmp_path, is_confirmed
) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.commit([notice("first")])
    if is_confirmed:
        outbox.settle([UUID(int=7)])
    outbox.close()
    for path in tmp_path.glob("outbox.sqlite*"):
        path.unlink()
    again = Outbox(tmp_path / "outbox.sqlite")
    again.commit([notice("second")])
    assert again.backlog() == (0 if is_confirmed else 1)
    again.close()
    assert (tmp_path / RECEIPTS).stat().st_size == 24 * N_SLOTS
