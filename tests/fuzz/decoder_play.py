"""Plays scripts of bytes on any decoder, and checks what comes out.

A script is octets that say what happens: true messages of the device's emulation, messages with a byte
changed, cuts, losses, noise and resets in any order. In a file it is a line: device, and octets in hex.
"""

import contextlib
from enum import IntEnum

import numpy as np

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.polar_pmd import Answer, ControlError, parse_settings
from firmware_bridge.packets import Battery, Contact, Damage, HeartRate, SampleBlock

SUPPORTS = list(DEVICES.values())
MOST_STEPS = 60
LONGEST_GAP_S = 8 * 86_400
NEEDS_COMPANY = {"heartypatch", "cyton", "bitalino", "shimmer3", "shimmer3_exg2"}
"""Where a frame counts by those beside it: how soon, and what a damaged one costs, depends on the cut."""


class Step(IntEnum):
    """What an octet of a script, modulo 8, does next."""

    RAW = 0
    TRUE = 1
    SPOILED = 2
    CUT = 3
    LOST = 4
    RESET = 5
    CONTROL = 6
    LONG_LOST = 7


class Script:
    """Octets, taken from the front; 0 where none are left."""

    def __init__(self, octets):
        self._octets, self._at = octets, 0

    def __bool__(self):
        return self._at < len(self._octets)

    def take(self, n):
        taken = self._octets[self._at : self._at + n]
        self._at += n
        return taken

    def number(self, n_octets=1):
        return int.from_bytes(self.take(n_octets), "little")


class Play:
    """One decoder and its device's emulation, side by side.

    A stream has a twin, which is given at once what the decoder is given in pieces. While all messages are
    true, and no more of them lost in a row than the device's counter tells, each sample is in its place; the
    first that comes out may be later than the first that was sent, where a frame counts by those beside it.
    """

    def __init__(self, support):
        self.support, self.decoder, self.twin = support, support.make_decoder(), support.make_decoder()
        self.channels = channels_of(support)
        self.fewest = 3 if support.device.name in NEEDS_COMPANY else 1
        self.index = self.n_fed = self.n_samples = 0
        self.pieces, self.packets = [], []
        self.all_true, self.place = True, None
        self.lost_in_a_row = self.told_in_a_row = 0

    def counts(self, first, n):
        """What the device has measured, `[n, leads]` from sample `first` of its life."""
        emulation = self.support.emulation
        span = min(emulation.most - emulation.least, 1000)
        column = emulation.least + np.arange(first, first + n) % (span + 1)
        return np.tile(column[:, None], (1, max(1, len(self.support.device.leads)))).astype(np.int32)

    def messages(self, n):
        n_samples = n * self.support.emulation.samples_per_message
        made = self.support.emulation.encode(self.counts(self.index, n_samples), self.index)
        if self.place is None:
            self.place = self.index
        self.index += n_samples
        self.told_in_a_row += n
        return made

    def lose(self, n):
        n_samples = n * self.support.emulation.samples_per_message
        self.index += n_samples
        told = self.told_in_a_row * self.support.emulation.samples_per_message
        counted = self.told_in_a_row >= self.fewest  # fewer may count for nothing
        self.lost_in_a_row = n_samples + (0 if counted else self.lost_in_a_row + told)
        self.told_in_a_row = 0
        if self.place is not None and self.lost_in_a_row > self.support.emulation.longest_gap:
            self.all_true = False

    def feed(self, payload, channel=""):
        self.n_fed += len(payload)
        packets = self.decoder.feed(payload, channel)
        for packet in packets:
            self.check(packet)
        self.pieces.append(payload)
        self.packets += packets

    def reset(self):
        self.compare_with_twin()
        self.decoder.reset()
        self.twin.reset()

    def compare_with_twin(self):
        """A stream says the same whatever its cut."""
        if not self.support.ble and self.support.device.name not in NEEDS_COMPANY:
            assert told(self.packets) == told(self.twin.feed(b"".join(self.pieces)))
        self.pieces, self.packets = [], []

    def check(self, packet):
        device = self.support.device
        match packet:
            case SampleBlock(counts=counts, lost_before=lost):
                assert counts.dtype == np.int32
                assert counts.ndim == 2
                assert counts.shape[0] > 0
                assert counts.shape[1] == len(device.leads)
                assert 0 <= lost <= LONGEST_GAP_S * device.fs_hz
                self.n_samples += len(counts)
                assert self.n_samples <= 8 * self.n_fed + 64
                if self.all_true:
                    self.check_place(counts, lost)
            case HeartRate(bpm=bpm, rr_ms=rr_ms):
                assert bpm >= 0
                assert all(rr >= 0 for rr in rr_ms)
            case Battery(percent=percent):
                assert 0 <= percent <= 100
            case Damage(n_bytes=n_bytes, reason=reason):
                assert 0 <= n_bytes <= self.n_fed
                assert reason
            case Contact():
                pass
            case _:
                raise AssertionError(packet)

    def check_place(self, counts, lost):
        if self.n_samples == len(counts) and self.support.device.name in NEEDS_COMPANY:
            self.place += (int(counts[0, 0]) - int(self.counts(self.place, 1)[0, 0])) % 1001
        self.place += lost
        assert np.array_equal(counts, self.counts(self.place, len(counts)))
        self.place += len(counts)


def channels_of(support):
    """Every characteristic that its decoder may be given."""
    ble = support.ble
    return ["", ble.ecg, ble.ecg_before, *ble.side, *ble.reads] if ble else [""]


def told(packets):
    """What packets say, whatever their cut: samples and losses, heart rates and electrodes, damage in all."""
    signal, asides, n_damaged = [], [], 0
    for packet in packets:
        match packet:
            case SampleBlock(counts=counts, lost_before=lost):
                signal += [lost] * bool(lost) + counts.tolist()
            case Damage(n_bytes=n_bytes):
                n_damaged += n_bytes
            case Contact() if asides and asides[-1] == packet:
                pass  # told again with each chunk
            case _:
                asides.append(packet)
    return signal, asides, n_damaged


def play(support, octets):
    """Play one script; returns how many samples came out."""
    script, decoder = Script(octets), Play(support)
    for _ in range(MOST_STEPS):
        if not script:
            break
        step(decoder, script)
    decoder.compare_with_twin()
    return decoder.n_samples


def step(decoder, script):
    kind = Step(script.number() % len(Step))
    decoder.all_true &= kind in {Step.TRUE, Step.LOST, Step.LONG_LOST, Step.CONTROL}
    match kind:
        case Step.RAW:
            channel = decoder.channels[script.number() % len(decoder.channels)]
            decoder.feed(script.take(script.number()), channel)
        case Step.LOST:
            decoder.lose(1 + script.number())
        case Step.LONG_LOST:
            decoder.lose(16 * script.number(2))
        case Step.RESET:
            decoder.reset()
        case Step.CONTROL:
            control(decoder.support, script.take(script.number()))
        case _:
            message_step(kind, decoder, script)


def message_step(kind, decoder, script):
    """Messages of the device, whole, changed or cut."""
    n = 1 + script.number() % 4 if kind is Step.TRUE else 1
    for channel, payload in decoder.messages(n):
        match kind:
            case Step.TRUE:
                decoder.feed(payload, channel)
            case Step.SPOILED:
                decoder.feed(spoiled(payload, script), channel)
            case Step.CUT:
                decoder.feed(payload[script.number() % (len(payload) + 1) :], channel)


def spoiled(payload, script):
    octets = bytearray(payload)
    octets[script.number() % len(octets)] ^= 1 + script.number() % 255
    return bytes(octets)


def control(support, message):
    """An answer of the control point."""
    if not (support.ble and support.ble.control and support.ble.control.parse):
        return
    with contextlib.suppress(ControlError):
        answer = support.ble.control.parse(message)
        if isinstance(answer, Answer):
            parse_settings(answer.parameters)


def read_corpus(path):
    """Device and octets of each line."""
    for line in path.read_text().splitlines():
        name, _, octets = line.partition(" ")
        yield name, bytes.fromhex(octets)
