"""Vectors of OpenBCI_NodeJS (`decompressDeltas18Bit`, `...19Bit`), and firmware 2 played whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.ganglion import RECEIVE, SOFTWARE_REVISION, GanglionDecoder
from firmware_bridge.devices.ganglion_packing import halved, packed, unpacked
from firmware_bridge.packets import Damage

BITS = {
    18: ("00000000 00000000 00000000 00000000 00100000 00000000 00101000 00000000 00000100"
         "10000000 00000000 10111100 00000000 00000111 00000000 00101000 11000000 00001010",
         [[0, 2, 10, 4], [131074, 245760, 114698, 49162]]),
    -18: ("11111111 11111111 01111111 11111111 10111111 11111111 11100111 11111111 11110101"
          "00000000 00000001 01001111 10001110 00110000 00000000 00011111 11110000 00000001",
          [[-3, -5, -7, -11], [-262139, -198429, -262137, -4095]]),
    19: ("00000000 00000000 00000000 00000000 00001000 00000000 00000101 00000000 00000000 01001000"
         "00000000 00001001 11110000 00000001 10110000 00000000 00110000 00000000 00001000",
         [[0, 2, 10, 4], [262148, 507910, 393222, 8]]),
}  # fmt: skip


@pytest.mark.parametrize("width", BITS)
def test_fields_are_those_of_the_vendors_driver(width):
    text, expected = BITS[width]
    digits = text.replace(" ", "")
    raw = bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))
    assert unpacked(raw, abs(width)).tolist() == expected


@given(st.lists(st.integers(-(2**17), 2**17 - 1), min_size=8, max_size=8))
def test_packing_is_undone(values):
    pair = np.array(values, np.int32).reshape(2, 4)
    assert np.array_equal(halved(unpacked(packed(pair, 19), 19)), pair)


def test_firmware_3_gives_the_upper_bits_of_each_sample():
    pair = np.array([[1, -1, 500, -500], [2, -2, 65535, -65536]], np.int32)
    decoder = GanglionDecoder()
    (short,) = decoder.feed(b"\x05" + packed(pair, 18) + b"\x00", RECEIVE)
    (long,) = decoder.feed(b"\x6a" + packed(pair, 19), RECEIVE)
    assert short.counts.tolist() == (2 * pair).tolist()
    assert long.counts.tolist() == pair.tolist()
    assert (short.lost_before, long.lost_before) == (0, 0)


def firmware_2(board, width):
    """Messages of samples `[201 k, 4]` of even board counts, each cycle one whole sample and 100 pairs."""
    messages = []
    for cycle in board.reshape(-1, 201, 4):
        raw = b"".join(int(v).to_bytes(3, "big", signed=True) for v in cycle[0])
        messages.append(b"\x00" + raw.ljust(19, b"\x00"))
        lower = (-np.diff(cycle, axis=0) // 2).reshape(100, 2, 4)
        first = 1 if width == 18 else 101
        messages += [
            bytes([first + i]) + packed(pair, width).ljust(19, b"\x00") for i, pair in enumerate(lower)
        ]
    return messages


def walked(n_cycles, seed=3):
    steps = 64 * np.random.default_rng(seed).integers(-400, 400, (201 * n_cycles, 4))
    return np.cumsum(steps, axis=0)


def fed_2(messages):
    decoder = GanglionDecoder()
    assert decoder.feed(b"2.0.1", SOFTWARE_REVISION) == []
    return [packet for message in messages for packet in decoder.feed(message, RECEIVE)]


@pytest.mark.parametrize("width", [18, 19])
def test_firmware_2_adds_up_its_differences(width):
    board = walked(3)
    packets = fed_2(firmware_2(board, width))
    found = np.concatenate([packet.counts for packet in packets])
    assert np.array_equal(found, board // 64)
    assert sum(packet.lost_before for packet in packets) == 0


@given(st.sets(st.integers(1, 302), max_size=4))
def test_firmware_2_a_lost_message_costs_the_rest_of_its_second_and_is_counted(missing):
    board = walked(3)
    place = 0
    for packet in fed_2([m for i, m in enumerate(firmware_2(board, 18)) if i not in missing]):
        place += packet.lost_before
        n = len(packet.counts)
        assert np.array_equal(packet.counts, board[place : place + n] // 64)
        place += n


def test_firmware_2_is_read_from_the_next_whole_sample():
    board = walked(2)
    packets = fed_2(firmware_2(board, 18)[40:])
    assert np.array_equal(np.concatenate([packet.counts for packet in packets]), board[201:] // 64)
    assert sum(packet.lost_before for packet in packets) == 0


def test_impedances_are_passed_over_and_other_messages_told():
    decoder = GanglionDecoder()
    assert decoder.feed(b"\xc9  1234Z\n", RECEIVE) == []
    (damage,) = decoder.feed(b"\xce" + bytes(19), RECEIVE)
    assert isinstance(damage, Damage)
    assert decoder.feed(b"", RECEIVE) == [Damage(0, "no message of samples")]
