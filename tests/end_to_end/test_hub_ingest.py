"""What a device sends becomes rows, through the embedded broker and through Mosquitto."""

import json
import signal
import threading
import time

import pytest

from edge.events import (
    encode,
)
from edge.topics import (
    event_topic,
)
from tests.end_to_end.hub_process import (
    WAIT_S,
    Device,
    eventually,
    minute,
)

pytestmark = pytest.mark.end_to_end


def test_events_become_rows_and_duplicates_do_not(hub, device):
    events = [minute(number) for number in range(20)]
    device.send(*events, *events[:5])
    eventually(device.is_confirmed, "all are confirmed")
    assert [row.start_at for row in hub.minutes()] == [event.start_at for event in events]
    assert hub.end() == 0
    assert "20 stored" in hub.log()
    assert "5 known" in hub.log()
    assert "Traceback" not in hub.log()


def test_garbage_is_kept_and_not_confirmed(hub, device):
    device.publish(event_topic("strap-1", "minute"), b"\xff\x00 nonsense")
    device.send(minute(0))
    eventually(device.is_confirmed, "the good one is confirmed")
    with hub.store() as store:
        (letter,) = store.dead_letters()
    assert letter.payload == b"\xff\x00 nonsense"
    assert "dead letter on hearth/v1/strap-1/event/minute: Invalid JSON" in hub.log()
    assert json.loads(hub.status("--json").stdout)["dead_letters"] == 1


def test_a_device_cannot_speak_as_another(hub, device, clean_up):
    other = Device(hub.port, "strap-2")
    clean_up(other)
    forged = minute(1)
    other.publish(event_topic("strap-1", "minute"), encode(forged)).wait_for_publish(WAIT_S)
    as_own = minute(2)
    other.publish(event_topic("strap-2", "minute"), encode(as_own)).wait_for_publish(WAIT_S)
    other.send(minute(3, "strap-2", "berta"))
    eventually(other.is_confirmed, "its own is confirmed")
    assert hub.minutes("anna") == []
    assert len(hub.minutes("berta")) == 1
    with hub.store() as store:
        assert [letter.reason for letter in store.dead_letters()] == [
            "device 'strap-1' on the topic of 'strap-2'"
        ]


def test_nothing_is_lost_when_the_hub_is_killed(hub, device):
    device.hub_says("online")
    events = [minute(number) for number in range(300)]
    sender = threading.Thread(target=lambda: [(device.send(event), time.sleep(0.005)) for event in events])
    sender.start()
    eventually(lambda: len(hub.minutes()) > 30, "some are stored")
    hub.end(signal.SIGKILL)
    sender.join()
    assert not device.is_confirmed()
    hub.start()
    eventually(device.is_confirmed, "all are confirmed")
    assert [row.start_at for row in hub.minutes()] == [event.start_at for event in events]
