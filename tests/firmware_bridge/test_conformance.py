"""What every decoder of `DEVICES` must do, played by the device's own emulation."""

import io
import pickle
from types import FunctionType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices import DEVICES
from firmware_bridge.packets import Damage, SampleBlock

MOST_BYTES_KEPT = 64 * 1024
every_device = pytest.mark.parametrize("support", DEVICES.values(), ids=DEVICES)
with_waveform = pytest.mark.parametrize(
    "support", [s for s in DEVICES.values() if s.device.leads], ids=lambda s: s.device.name
)
with_stream = pytest.mark.parametrize(
    "support",
    [s for s in DEVICES.values() if s.device.leads and s.serial and not s.ble],
    ids=lambda s: s.device.name,
)


def drawn(support, n_messages, seed=0):
    """Random samples for so many messages, as `[n, leads]`."""
    emulation = support.emulation
    rng = np.random.default_rng(seed)
    shape = (n_messages * emulation.samples_per_message, len(support.device.leads))
    return rng.integers(emulation.least, emulation.most, shape, endpoint=True).astype(np.int32)


def fed(decoder, messages):
    return [packet for channel, payload in messages for packet in decoder.feed(payload, channel)]


class DecoderPickler(pickle.Pickler):
    """Takes functions, which hold nothing, by name: what it writes is as long as what a decoder keeps."""

    def reducer_override(self, kept):
        return (str, (kept.__qualname__,)) if isinstance(kept, FunctionType) else NotImplemented


def n_bytes_kept(decoder):
    written = io.BytesIO()
    DecoderPickler(written).dump(decoder)
    return len(written.getvalue())


def samples_of(packets, support):
    blocks = [packet.counts for packet in packets if isinstance(packet, SampleBlock)]
    return np.concatenate([np.zeros((0, len(support.device.leads)), np.int32), *blocks])


def lost_in(packets):
    return sum(packet.lost_before for packet in packets if isinstance(packet, SampleBlock))


@with_waveform
def test_the_decoder_undoes_the_emulation(support):
    counts = drawn(support, 20)
    packets = fed(support.make_decoder(), support.emulation.encode(counts, 0))
    assert np.array_equal(samples_of(packets, support), counts)
    assert lost_in(packets) == 0
    assert not [packet for packet in packets if isinstance(packet, Damage)]


@with_waveform
def test_a_device_that_runs_already_is_read_from_where_it_is(support):
    counts = drawn(support, 5)
    first = 1000 * support.emulation.samples_per_message
    packets = fed(support.make_decoder(), support.emulation.encode(counts, first))
    assert np.array_equal(samples_of(packets, support), counts)
    assert lost_in(packets) == 0


@with_stream
def test_bytes_may_be_cut_anywhere(support):
    counts = drawn(support, 12)
    stream = b"".join(payload for _, payload in support.emulation.encode(counts, 0))
    for size in (1, 2, 3, 7, 64, len(stream)):
        chunks = [("", stream[at : at + size]) for at in range(0, len(stream), size)]
        assert np.array_equal(samples_of(fed(support.make_decoder(), chunks), support), counts), size


@with_waveform
@pytest.mark.parametrize("n_missing", [1, 3])
def test_missing_messages_are_a_gap_of_the_right_length(support, n_missing):
    emulation = support.emulation
    messages = emulation.encode(drawn(support, 12), 0)
    packets = fed(support.make_decoder(), messages[:5] + messages[5 + n_missing :])
    told = n_missing * emulation.samples_per_message
    assert lost_in(packets) == (told if told <= emulation.longest_gap else 0)


@with_waveform
@given(at=st.integers(0, 10**6), flip=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_corrupted_message_costs_at_most_itself_and_its_neighbours(support, at, flip):
    n = 13
    counts = drawn(support, n)
    messages = support.emulation.encode(counts, 0)
    channel, payload = messages[6]
    spoiled = bytearray(payload)
    spoiled[at % len(payload)] ^= flip
    messages[6] = (channel, bytes(spoiled))
    found = samples_of(fed(support.make_decoder(), messages), support)
    each = len(counts) // n
    assert np.array_equal(found[: 5 * each], counts[: 5 * each])
    assert np.array_equal(found[len(found) - 5 * each :], counts[8 * each :])
    assert len(found) <= len(counts) + each


@with_waveform
@given(cut=st.integers(1, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_truncated_message_costs_at_most_itself_and_its_neighbours(support, cut):
    n = 13
    counts = drawn(support, n)
    messages = support.emulation.encode(counts, 0)
    channel, payload = messages[6]
    messages[6] = (channel, payload[: -(cut % len(payload)) or None])
    found = samples_of(fed(support.make_decoder(), messages), support)
    each = len(counts) // n
    assert np.array_equal(found[: 5 * each], counts[: 5 * each])
    assert np.array_equal(found[len(found) - 5 * each :], counts[8 * each :])


@every_device
@given(noise=st.lists(st.binary(max_size=300), max_size=30))
@settings(max_examples=60, deadline=None)
def test_noise_never_raises_and_never_grows(support, noise):
    decoder = support.make_decoder()
    for payload in noise * 20:
        decoder.feed(payload, support.ble.ecg if support.ble else "")
        decoder.feed(payload, "no such channel")
    assert n_bytes_kept(decoder) < MOST_BYTES_KEPT


@every_device
def test_reset_forgets_what_was_cut(support):
    if not support.device.leads:
        pytest.skip("no waveform")
    counts = drawn(support, 8)
    messages = support.emulation.encode(counts, 0)
    decoder = support.make_decoder()
    channel, payload = messages[0]
    decoder.feed(payload[: len(payload) // 2], channel)
    decoder.reset()
    assert np.array_equal(
        samples_of(fed(decoder, messages[1:]), support), counts[support.emulation.samples_per_message :]
    )
