import numpy as np
import pytest

from firmware_bridge.inbox import Inbox
from firmware_bridge.packets import Battery, Damage, LinkLost, SampleBlock


def block(n=10, lost=0):
    return SampleBlock(np.zeros((n, 1), np.int32), None, lost)


async def test_what_did_not_fit_is_told_as_damage_and_as_lost_samples():
    inbox = Inbox(capacity=3)
    inbox.put([block() for _ in range(3)])
    inbox.put([block(), block(7, lost=2), Battery(50), LinkLost("range")])
    reader = inbox.received()
    got = [(await anext(reader)).packet for _ in range(5)]
    assert got[3] == Damage(0, "3 packets dropped: they were read too slowly")
    assert got[4] == LinkLost("range")
    inbox.put([block(5, lost=1), block()])
    assert [(await anext(reader)).packet.lost_before for _ in range(2)] == [1 + 10 + 9, 0]


async def test_the_end_comes_after_what_is_waiting():
    inbox = Inbox()
    inbox.put([Battery(1)])
    inbox.end()
    assert [received.packet async for received in inbox.received()] == [Battery(1)]


async def test_an_error_reaches_the_reader():
    inbox = Inbox()
    inbox.end(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await anext(inbox.received())
