"""What each Bluetooth profile has to be, and how a device is told from another."""

import re

import numpy as np
import pytest
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError

from firmware_bridge.devices import DEVICES, heart_rate, movesense_activity, polar_h10
from firmware_bridge.transports.ble_pairing import asks_for_pairing
from firmware_bridge.transports.ble_session import mismatch

FULL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
with_bluetooth = pytest.mark.parametrize(
    "support", [support for support in DEVICES.values() if support.ble], ids=lambda s: s.device.name
)


@with_bluetooth
def test_uuids_are_written_in_full(support):
    profile = support.ble
    control = [profile.control.uuid] if profile.control else []
    named = [profile.service, profile.ecg, *profile.side, *profile.reads, *control]
    named += [uuid for uuid in (profile.ecg_before, profile.battery) if uuid]
    assert all(FULL_UUID.fullmatch(uuid) for uuid in named)


@with_bluetooth
def test_a_whole_message_fits_the_smallest_mtu(support):
    emulation = support.emulation
    counts = np.full((emulation.samples_per_message, max(1, len(support.device.leads))), emulation.most)
    ((channel, message),) = emulation.encode(counts.astype(np.int32), 0)
    assert channel == support.ble.ecg
    assert len(message) + 3 <= max(23, support.ble.min_mtu)


@pytest.mark.parametrize(
    ("support", "name", "offered", "why_not"),
    [
        (polar_h10.SUPPORT, "any", {polar_h10.Channel.ECG, polar_h10.CONTROL}, ""),
        (polar_h10.SUPPORT, "any", {polar_h10.Channel.ECG}, f"is no Polar H10: lacks {polar_h10.CONTROL}"),
        (heart_rate.SUPPORT, "any", {heart_rate.CHANNEL}, ""),
        (heart_rate.SUPPORT, "any", set(), f"is no device of this kind: lacks {heart_rate.CHANNEL}"),
        (movesense_activity.SUPPORT, "movesense 12", {movesense_activity.Channel.ECG_BEFORE}, ""),
        (movesense_activity.SUPPORT, "Mesh", {movesense_activity.Channel.ECG}, "is no Movesense: its name"),
    ],
)
def test_a_device_is_known_by_its_characteristics_and_where_needed_by_its_name(
    support, name, offered, why_not
):
    assert mismatch(support.ble, name, offered).startswith(why_not)
    assert bool(mismatch(support.ble, name, offered)) == bool(why_not)


@pytest.mark.parametrize(
    ("error", "asks"),
    [
        (BleakGATTProtocolError(0x05), True),
        (BleakGATTProtocolError(0x0F), True),
        (BleakGATTProtocolError(0x03), False),
        (BleakDBusError("org.bluez.Error.NotPermitted", ["Not paired"]), True),
        (BleakDBusError("org.bluez.Error.Failed", ["busy"]), False),
        (BleakError("disconnected"), False),
    ],
)
def test_what_asks_for_pairing(error, asks):
    assert asks_for_pairing(error) is asks
