"""Scripts to begin with: what each device really sends, byte for byte, whole and with what may befall it."""

from decoder_play import SUPPORTS, Play, Step, channels_of

GOLDEN = {
    "polar_h10": [
        (1, "00 0094357700000000 00 0280FF 028000"),
        (3, "16 48 0004"),
        (3, "19 2C01 0500 0004 0002"),
        (4, "57"),
    ],
    "heart_rate": [(1, "14 48 0004"), (1, "01 2C01"), (1, "18 48 0500 0004")],
    "ganglion": [
        (3, "76322E302E31"),
        (1, "00 000100 FFFF00 000A00 FFF600 00000000000000"),
        (1, "01 0000000020002804008000BC00070028C00A 00"),
        (1, "65 00000008000500004800 09F001B0003000 08 00"),
        (1, "C9 2020313233345A0A"),
    ],
    "openview": [(0, "0AFA090002 E803 FFFF 2003 4B00 00 000B")],
    "ad8232": [(0, "3531320D0A 210D0A 3530380D0A")],
    "ad8232_timed": [(0, "3132333435362C3531320D0A3132373435362C3530380D0A")],
}
CONTROLS = ("F0 01 00 00 00 00 01 82 00 01 01 0E 00", "F0 02 00 06 00", "01 00", "0F 05 00")


def seeds():
    """Device's place in `SUPPORTS`, and a script."""
    for place, support in enumerate(SUPPORTS):
        for script in (*_happenings(), _told_raw(support), *_golden(support)):
            yield place, script


def _happenings():
    true = bytes([Step.TRUE, 3])
    yield true * 4
    yield true.join([b"", bytes([Step.LOST, 2]), bytes([Step.LOST, 90]), bytes([Step.RESET]), b""])
    yield true.join([b"", bytes([Step.LONG_LOST, 0, 4]), b""])
    yield true.join(
        [b"", bytes([Step.SPOILED, 1, 7]), bytes([Step.SPOILED, 9, 64]), bytes([Step.CUT, 2]), b""]
    )


def _raw(channel, payload):
    return bytes([Step.RAW, channel, len(payload)]) + payload


def _told_raw(support):
    channels = channels_of(support)
    return b"".join(_raw(channels.index(c), payload) for c, payload in Play(support).messages(3))


def _golden(support):
    for channel, text in GOLDEN.get(support.device.name, ()):
        yield _raw(channel, bytes.fromhex(text))
    if support.ble and support.ble.control and support.ble.control.parse:
        for text in CONTROLS:
            message = bytes.fromhex(text)
            yield bytes([Step.CONTROL, len(message)]) + message
