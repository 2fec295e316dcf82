import itertools
import logging

from firmware_bridge.packets import LinkLost
from firmware_bridge.reconnect import LinkState, backoff_s


def test_delays_double_up_to_a_limit():
    assert list(itertools.islice(backoff_s(1, 10), 6)) == [1, 2, 4, 8, 10, 10]


def test_one_outage_is_told_once_and_logged_once(caplog):
    caplog.set_level(logging.INFO)
    link = LinkState("strap")
    assert link.lost("not found") == []
    assert link.lost("not found") == []
    assert link.is_up() == []
    assert link.is_up() == []
    assert link.lost("range") == [LinkLost("range")]
    assert link.lost("not found") == []
    (restored,) = link.is_up()
    assert 0 <= restored.outage_s < 1
    assert link.is_up() == []
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING", "WARNING"]
