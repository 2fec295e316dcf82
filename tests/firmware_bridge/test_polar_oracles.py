"""A Polar strap's bytes and commands, by Hearth and by two libraries that know nothing of it.

polar-python (MIT) and bleakheart (MPL-2.0) are installed for the tests alone. Where one of them departs from
Polar's own SDK, the test leaves out exactly that and says so.
"""

import asyncio
from functools import partial

import bleak
import pytest
from bleak import BleakScanner
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices import polar_pmd
from firmware_bridge.devices.polar_h10 import CONTROL, PolarH10Decoder
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS
from firmware_bridge.devices.polar_pmd import Measurement, Status
from firmware_bridge.packets import Damage
from firmware_bridge.transports.bluetooth import open_radio

bleakheart = pytest.importorskip("bleakheart", reason="bleakheart is not installed")
polar_python = pytest.importorskip("polar_python", reason="polar-python is not installed")

from polar_python.constants import TIMESTAMP_OFFSET  # noqa: E402 only where it is installed
from polar_python.models import ECGData, MeasurementSettings, PmdDataFrame  # noqa: E402

FRAME_NS = 73 * 10**9 // 130
CLOCKS_NS = st.integers(0, 2**64 - 1)
HEADERS = st.builds(
    lambda kind, clock_ns, frame_type: bytes([kind]) + clock_ns.to_bytes(8, "little") + bytes([frame_type]),
    st.sampled_from([0, 0, 0, 0, 1, 2, 3, 5, 6]),
    CLOCKS_NS,
    st.sampled_from([0, 0, 0, 0, 1, 2, 3, 0x80, 0x81]),
)
WHOLE = st.binary(max_size=240).map(lambda octets: octets[: len(octets) // 3 * 3])
VALUES = st.lists(st.binary(min_size=16, max_size=16), max_size=4)
SETTINGS = st.lists(st.tuples(st.integers(0, 6), VALUES), max_size=6)
SETTING_BYTES = {0: 2, 1: 2, 2: 2, 3: 4, 4: 1, 5: 4, 6: 16}


def by_us(frame):
    (packet,) = PolarH10Decoder().feed(frame)
    return None if isinstance(packet, Damage) else (packet.last_sample_ns, packet.counts[:, 0].tolist())


def by_polar_python(frame):
    try:
        held = PmdDataFrame.from_bytes(bytearray(frame), lambda _: 1.0)
        ecg = ECGData.from_dataframe(held) if held.measurement_type == Measurement.ECG else None
    except ValueError:
        return None
    return (ecg.timestamp - TIMESTAMP_OFFSET, ecg.data) if ecg and ecg.data else None


def by_bleakheart(frame):
    try:
        return bleakheart.PolarMeasurementData(None)._decode_ecg_data(frame) or None
    except ValueError:
        return None


@given(HEADERS, WHOLE)
def test_a_frame_says_the_same_to_polar_python(header, payload):
    """Without payloads that end within a sample: polar-python makes a sample of the rest, the SDK none."""
    assert by_us(header + payload) == by_polar_python(header + payload)


@given(CLOCKS_NS, st.sampled_from([0, 1, 2, 3, 0x80]), st.binary(max_size=240))
def test_an_ecg_frame_says_the_same_to_bleakheart(clock_ns, frame_type, payload):
    """ECG alone: bleakheart looks at the kind of measurement elsewhere."""
    frame = bytes([0]) + clock_ns.to_bytes(8, "little") + bytes([frame_type]) + payload
    ours = by_us(frame)
    assert (ours and ours[1]) == by_bleakheart(frame)


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(0, 10**15))
@settings(max_examples=50)
def test_over_lost_frames_the_places_follow_their_clocks(kept, start_ns):
    """bleakheart's own offset to the computer's clock is the same for all frames, and drops out."""
    clocks_ns = [start_ns + i * FRAME_NS for i, keep in enumerate(kept) if keep]
    frames = [bytes([0]) + ns.to_bytes(8, "little") + bytes([0]) + bytes(3 * 73) for ns in clocks_ns]
    heard = asyncio.run(streamed(frames))
    decoder = PolarH10Decoder()
    place = 0
    for i, frame in enumerate(frames):
        (block,) = decoder.feed(frame)
        place += block.lost_before
        assert abs(place / 130 - (heard[i][1] - heard[0][1]) / 1e9) < 0.5 / 130
        assert block.last_sample_ns - clocks_ns[0] == heard[i][1] - heard[0][1]
        assert block.counts[:, 0].tolist() == heard[i][2]
        place += len(block.counts)


async def streamed(frames):
    heard = []
    strap = bleakheart.PolarMeasurementData(None, callback=heard.append)
    for frame in frames:
        await strap._pmd_data_handler(None, bytearray(frame))
    return heard


def tlv(parameters):
    """Settings as the strap sends them: <id><count><values>."""
    return b"".join(
        bytes([kind, len(values)]) + b"".join(value[: SETTING_BYTES[kind]] for value in values)
        for kind, values in parameters
    )


def last_of(parameters, kind):
    """Of a setting that is told twice the last counts, as in the SDK's map."""
    return next(
        (
            tuple(int.from_bytes(v[: SETTING_BYTES[kind]], "little") for v in values)
            for k, values in reversed(parameters)
            if k == kind
        ),
        (),
    )


@given(st.sampled_from([1, 2, 3]), st.sampled_from([0, 1, 2, 3, 5, 6]), SETTINGS, st.booleans())
def test_settings_say_the_same_to_polar_python(opcode, measurement, parameters, more):
    """Every setting of the SDK, in any number."""
    message = bytes([0xF0, opcode, measurement, 0, more]) + tlv(parameters)
    ours = polar_pmd.parse_control(message)
    theirs = MeasurementSettings.from_bytes(bytearray(message))
    assert (ours.measurement, ours.more) == (theirs.measurement_type, theirs.more_frames)
    offered = polar_pmd.parse_settings(ours.parameters)
    told = {setting.type: tuple(setting.values) for setting in theirs.settings}
    assert offered == polar_pmd.Settings(told.get(0, ()), told.get(1, ()))
    assert offered == polar_pmd.Settings(last_of(parameters, 0), last_of(parameters, 1))


@given(st.sampled_from([1, 2, 3]), st.integers(0, 13))
def test_a_refusal_is_the_same_to_polar_python(opcode, status):
    """Without 14, a full disk, which polar-python does not know, and with a fifth byte, which it reads."""
    message = polar_pmd.answer_bytes(opcode, 0, Status(status)).ljust(5, b"\x00")
    theirs = MeasurementSettings.from_bytes(bytearray(message))
    ours = polar_pmd.parse_control(message)
    assert (ours.measurement, ours.status) == (theirs.measurement_type, theirs.error_code)


class Wire:
    """What a client writes to a strap's control point, and the strap's answer; no radio."""

    def __init__(self, answer, features=b""):
        self._answer, self._features = answer, features
        self._handlers = {}
        self.written = []

    async def start_notify(self, uuid, handler):
        self._handlers[str(uuid).lower()] = handler

    async def read_gatt_char(self, _uuid):
        return bytearray(self._features)

    async def write_gatt_char(self, uuid, command):
        assert uuid.lower() == CONTROL
        self.written.append(bytes(command))
        answered = self._handlers[CONTROL](None, bytearray(self._answer(bytes(command))))
        if asyncio.iscoroutine(answered):
            await answered


def agreeing(command):
    return polar_pmd.answer_bytes(command[0], command[1], Status.OK, polar_pmd.settings_bytes(130, 14))


OUR_COMMANDS = [polar_pmd.get_settings(Measurement.ECG), polar_pmd.start_ecg(), polar_pmd.stop_ecg()]


async def test_the_commands_are_those_of_bleakheart():
    wire = Wire(agreeing)
    strap = bleakheart.PolarMeasurementData(wire, callback=print)
    offered = await strap.available_settings("ECG")
    assert (offered["SAMPLE_RATE"], offered["RESOLUTION"]) == ([130], [14])
    assert (await strap.start_streaming("ECG"))[0] == 0
    assert (await strap.stop_streaming("ECG"))[0] == 0
    assert wire.written == OUR_COMMANDS


@pytest.mark.parametrize("status", range(1, 14))
async def test_a_refusal_is_the_same_to_bleakheart(status):
    wire = Wire(lambda command: polar_pmd.answer_bytes(command[0], command[1], Status(status)))
    code, *_ = await bleakheart.PolarMeasurementData(wire, callback=print).start_streaming("ECG")
    assert code == polar_pmd.parse_control(polar_pmd.answer_bytes(2, 0, Status(status))).status


async def test_the_commands_are_those_of_polar_python():
    wire = Wire(agreeing)
    strap = polar_python.PolarDevice("C0:11:22:33:44:55")
    strap._client = wire
    await wire.start_notify(CONTROL, strap._handle_pmd_control)
    offered = await strap.request_stream_settings(Measurement.ECG)
    assert [setting.values for setting in offered.settings] == [[130], [14]]
    await strap.start_ecg_stream(print, 130, 14)
    await strap.stop_ecg_stream()
    assert wire.written == OUR_COMMANDS


@given(st.sets(st.sampled_from(list(Measurement)), max_size=6))
def test_what_a_strap_can_measure_is_the_same_to_both(kinds):
    """Without the skin's temperature (7), to which neither gives a name."""
    kinds -= {Measurement.SKIN_TEMPERATURE}
    message = polar_pmd.features_bytes(*kinds)
    ours = {kind.value for kind in polar_pmd.parse_control(message).measurements}
    strap = polar_python.PolarDevice("C0:11:22:33:44:55")
    strap._client = Wire(agreeing, message)
    heart = bleakheart.PolarMeasurementData(Wire(agreeing, message), callback=print)
    assert set(asyncio.run(strap.get_available_features())) == ours
    names = asyncio.run(heart.available_measurements())
    assert {heart.measurement_types.index(name) for name in names} == ours


@pytest.mark.end_to_end
async def test_both_stream_from_the_virtual_strap(virtual_h10, index_record, monkeypatch):
    """Their code unchanged, over a Bluetooth link; each sample is its own index."""
    process, uri = virtual_h10(index_record(130 * 60), "--speed", 4)
    async with open_radio(uri.partition("hci=")[2]) as radio, asyncio.timeout(60):
        found = await BleakScanner.find_device_by_name("Polar H10 00000001", **radio.scanner)
        backend = partial(radio.client["backend"], bumble_device=radio.client["bumble_device"])
        monkeypatch.setattr(bleak, "get_platform_client_backend_type", lambda: (backend, "bumble"))
        frames = asyncio.Queue()
        async with polar_python.PolarDevice(found) as strap:
            await strap.start_ecg_stream(frames.put_nowait, 130, 14)
            heard = [await frames.get() for _ in range(5)]
            await strap.stop_ecg_stream()
            process.says("ECG stopped by the central")
            assert_in_place([(ecg.timestamp - TIMESTAMP_OFFSET, ecg.data) for ecg in heard])
            client = strap._client
            await client.stop_notify(CONTROL)
            await client.stop_notify("FB005C82-02E7-F387-1CAD-8ACD2D8DF0C8")
            heart = bleakheart.PolarMeasurementData(client, ecg_queue=frames)
            assert (await heart.start_streaming("ECG"))[0] == 0
            heard = [await frames.get() for _ in range(5)]
            assert (await heart.stop_streaming("ECG"))[0] == 0
            offset_ns = heart._time_offset
            assert_in_place([(ns - offset_ns, samples) for _, ns, samples in heard])
            assert await bleakheart.BatteryLevel(client).read() <= 100


def assert_in_place(frames):
    for last_sample_ns, samples in frames:
        last = samples[-1] + 1
        assert samples == list(range(last - len(samples), last))
        assert abs(last_sample_ns - DEVICE_EPOCH_NS - last * 1e9 / 130) < 1000
