import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices import polar_pmd as pmd
from firmware_bridge.devices.polar_pmd import Answer, ControlError, Features, Measurement, Status


def test_commands_are_the_bytes_of_the_protocol():
    assert pmd.start_ecg() == bytes.fromhex("02 00 00 01 82 00 01 01 0E 00")
    assert pmd.stop_ecg() == bytes.fromhex("03 00")
    assert pmd.get_settings(Measurement.ECG) == bytes.fromhex("01 00")


def test_features_of_an_h10():
    message = bytes.fromhex("0F 05") + bytes(15)
    assert pmd.parse_control(message) == Features(frozenset({Measurement.ECG, Measurement.ACC}))
    assert pmd.features_bytes(Measurement.ECG, Measurement.ACC) == message


def test_settings_of_an_h10():
    answer = pmd.parse_control(bytes.fromhex("F0 01 00 00 00 00 01 82 00 01 01 0E 00"))
    assert isinstance(answer, Answer)
    assert (answer.opcode, answer.status, answer.more) == (1, Status.OK, False)
    assert pmd.parse_settings(answer.parameters) == pmd.Settings((130,), (14,))


def test_refusals_are_named():
    assert pmd.parse_control(bytes.fromhex("F0 02 00 06 00")) == Answer(2, 0, Status.ALREADY_IN_STATE)
    assert pmd.parse_control(bytes.fromhex("F0 02 00 0A")) == Answer(2, 0, Status.BAD_MTU)
    assert pmd.parse_control(bytes.fromhex("F0 02 00 63")) == Answer(2, 0, Status.UNKNOWN)


def test_stopped_by_device():
    assert pmd.parse_control(pmd.stopped_bytes(Measurement.ECG)) == pmd.StoppedByDevice((0,))


@pytest.mark.parametrize("message", ["", "F0", "F0 02 00", "0F", "42 00"])
def test_no_message_is_a_clear_error(message):
    with pytest.raises(ControlError):
        pmd.parse_control(bytes.fromhex(message))


@pytest.mark.parametrize("parameters", ["00", "00 01 82", "09 01 00", "00 02 82 00"])
def test_damaged_settings_are_a_clear_error(parameters):
    with pytest.raises(ControlError, match="damaged"):
        pmd.parse_settings(bytes.fromhex(parameters))


@given(st.binary(max_size=64))
def test_garbage_is_a_value_or_a_control_error(garbage):
    for parse in (pmd.parse_control, pmd.parse_settings):
        with contextlib.suppress(ControlError):
            parse(garbage)


@given(st.integers(0, 255), st.integers(0, 0x3F), st.binary(max_size=30))
def test_answer_round_trip(opcode, measurement, parameters):
    message = pmd.answer_bytes(opcode, measurement, Status.OK, parameters)
    assert pmd.parse_control(message) == Answer(opcode, measurement, Status.OK, False, parameters)


@given(st.integers(0, 65_535), st.integers(0, 65_535))
def test_settings_round_trip(rate_hz, resolution_bit):
    parameters = pmd.settings_bytes(rate_hz, resolution_bit)
    assert pmd.parse_settings(parameters) == pmd.Settings((rate_hz,), (resolution_bit,))
