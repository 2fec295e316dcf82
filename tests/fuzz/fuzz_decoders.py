"""Coverage-guided fuzzing of every decoder: `python tests/fuzz/fuzz_decoders.py -max_total_time=60`.

Needs `pip install atheris`, which is no dependency of the project. The input is a script: which device, and
then true messages, messages with a byte changed, noise, cuts and resets in any order. A find is written to a
file `crash-...`; give that file as the argument to see it again.
"""

import sys

import atheris

with atheris.instrument_imports(include=["firmware_bridge"]):
    import numpy as np

    from firmware_bridge.devices import DEVICES
    from firmware_bridge.packets import Battery, Contact, Damage, HeartRate, SampleBlock

SUPPORTS = list(DEVICES.values())
MOST_OPERATIONS = 60
LONGEST_GAP_S = 8 * 86_400


class Play:
    """One decoder and its device's emulation, side by side."""

    def __init__(self, support):
        self.support, self.decoder = support, support.make_decoder()
        self.index = 0
        self.n_fed = 0
        self.n_samples = 0

    def messages(self, n):
        emulation = self.support.emulation
        n_samples = n * emulation.samples_per_message
        width = max(1, len(self.support.device.leads))
        span = min(emulation.most - emulation.least, 1000)
        column = emulation.least + np.arange(self.index, self.index + n_samples) % (span + 1)
        counts = np.tile(column[:, None], (1, width)).astype(np.int32)
        made = emulation.encode(counts, self.index)
        self.index += n_samples
        return made

    def feed(self, payload, channel):
        self.n_fed += len(payload)
        for packet in self.decoder.feed(payload, channel):
            self.check(packet)

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


def run_script(octets):
    """Play one input."""
    script = atheris.FuzzedDataProvider(octets)
    play = Play(SUPPORTS[script.ConsumeIntInRange(0, len(SUPPORTS) - 1)])
    ble = play.support.ble
    channels = ["", ble.ecg, *ble.side] if ble else [""]
    for _ in range(MOST_OPERATIONS):
        if not script.remaining_bytes():
            return
        operate(play, script, channels)


def operate(play, script, channels):
    """One step of the script."""
    match script.ConsumeIntInRange(0, 5):
        case 0:
            play.feed(script.ConsumeBytes(script.ConsumeIntInRange(0, 64)), script.PickValueInList(channels))
        case 1:
            for channel, payload in play.messages(script.ConsumeIntInRange(1, 4)):
                play.feed(payload, channel)
        case 2:
            for channel, payload in play.messages(1):
                spoiled = bytearray(payload)
                spoiled[script.ConsumeIntInRange(0, len(spoiled) - 1)] ^= script.ConsumeIntInRange(1, 255)
                play.feed(bytes(spoiled), channel)
        case 3:
            for channel, payload in play.messages(1):
                play.feed(payload[script.ConsumeIntInRange(0, len(payload)) :], channel)
        case 4:
            play.messages(script.ConsumeIntInRange(1, 100))
        case 5:
            play.decoder.reset()


if __name__ == "__main__":
    atheris.Setup(sys.argv, run_script)
    atheris.Fuzz()
