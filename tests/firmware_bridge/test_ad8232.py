"""Lines of an AD8232 sketch, with and without a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.support import RateError
from firmware_bridge.packets import Contact, Damage, SampleBlock

PERIOD_US = 4000


def fed(name, *chunks):
    decoder = DEVICES[name].make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk)]


def samples_of(packets):
    return [row for packet in packets if isinstance(packet, SampleBlock) for row in packet.counts.tolist()]


def lost_in(packets):
    return sum(packet.lost_before for packet in packets if isinstance(packet, SampleBlock))


def lines(times_us, values):
    return b"".join(b"%d,%d\r\n" % line for line in zip(times_us, values, strict=True))


def test_one_reading_a_line():
    assert samples_of(fed("ad8232", b"512\r\n0\r\n1023\n")) == [[512], [0], [1023]]


def test_two_readings_a_line():
    assert samples_of(fed("ad8232_pair", b"512,498\r\n 1 , 2 \r\n")) == [[512, 498], [1, 2]]


def test_an_electrode_that_is_off_is_told_and_its_readings_are_missing():
    packets = fed("ad8232", b"500\n!\n!\n!\n501\n502\n")
    assert samples_of(packets) == [[500], [501], [502]]
    assert lost_in(packets) == 3
    told = [packet for packet in packets if isinstance(packet, Contact)]
    assert told == [Contact(is_worn=False), Contact(is_worn=True)]


def test_electrodes_that_stay_off_are_a_sign_of_life_with_each_chunk():
    packets = fed("ad8232", b"!\n!\n", b"!\n", b"!\n")
    assert packets == [Contact(is_worn=False)] * 3


@pytest.mark.parametrize("line", [b"hello", b"-5", b"1024", b"1e3", b"5,6", b"\xff\xfe", b"0x10", b"12 34"])
def test_a_line_that_is_no_reading(line):
    packets = fed("ad8232", b"1\n" + line + b"\n2\n")
    assert samples_of(packets) == [[1], [2]]
    assert [packet.n_bytes for packet in packets if isinstance(packet, Damage)] == [len(line) + 1]


def test_a_line_without_end_is_given_up():
    packets = fed("ad8232", b"7" * 1_000_000, b"\n2\n")
    assert samples_of(packets) == [[2]]
    assert sum(packet.n_bytes for packet in packets if isinstance(packet, Damage)) == 1_000_001


def test_a_loop_that_does_not_keep_time_is_drawn_onto_a_grid():
    rng = np.random.default_rng(3)
    times_us = np.cumsum(rng.integers(1800, 3600, 3000)) + 77
    values = 500 + 400 * np.sin(2 * np.pi * 1.3 * times_us / 1e6)
    packets = fed("ad8232_timed", lines(times_us, np.rint(values).astype(int)))
    got = np.array(samples_of(packets))[:, 0]
    grid_us = times_us[0] + PERIOD_US * np.arange(len(got))
    assert lost_in(packets) == 0
    assert abs(len(got) - (times_us[-1] - times_us[0]) / PERIOD_US) < 2
    assert np.abs(got - (500 + 400 * np.sin(2 * np.pi * 1.3 * grid_us / 1e6))).max() <= 2


@given(st.integers(2, 5000), st.integers(0, 2**32 - 1))
def test_a_gap_is_as_long_as_the_clock_says_also_over_its_turn(n_lost, start_us):
    times_us = [start_us + PERIOD_US * i for i in [*range(5), *range(5 + n_lost, 10 + n_lost)]]
    packets = fed("ad8232_timed", lines([t % 2**32 for t in times_us], range(10)))
    assert samples_of(packets) == [[i] for i in range(10)]
    assert lost_in(packets) == n_lost


def test_a_spoiled_time_is_damage_and_not_a_gap():
    times_us = [PERIOD_US * i for i in range(10)]
    times_us[5] += 90_000_000
    packets = fed("ad8232_timed", lines(times_us, range(10)))
    assert samples_of(packets) == [[i] for i in range(10) if i != 5]
    assert lost_in(packets) == 1


def test_a_board_that_starts_anew_says_that_it_does_not_know():
    first, second = [5_000_000 + PERIOD_US * i for i in range(5)], [PERIOD_US * i for i in range(5)]
    packets = fed("ad8232_timed", lines(first + second, range(10)))
    assert samples_of(packets) == [[i] for i in range(10)]
    assert [p.reason for p in packets if isinstance(p, Damage)] == [
        "the sketch's clock began anew; lost samples are not known"
    ]


def test_lines_slower_than_the_grid_say_what_is_wrong():
    packets = fed("ad8232_timed", lines(range(0, 500_000, 10_000), [500] * 50))
    assert "is fs= above the lines' rate?" in next(p for p in packets if isinstance(p, Damage)).reason


@pytest.mark.parametrize("name", ["ad8232", "ad8232_pair", "ad8232_timed"])
def test_rates(name):
    assert DEVICES[name].at_rate(500.0).device.fs_hz == 500
    with pytest.raises(RateError, match="50 to 2000 Hz"):
        DEVICES[name].at_rate(9.0)
