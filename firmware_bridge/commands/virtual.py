"""`hearth devices virtual-ble NAME`, and `virtual-h10`."""

import argparse
import asyncio

from firmware_bridge.commands.played_signal import played_uv
from firmware_bridge.devices import DEVICES
from firmware_bridge.transport import TransportError
from firmware_bridge.virtual_peripheral import VirtualPeripheral, play

_SERIAL = "00000001"
_VHCI = "/dev/vhci"


def run_virtual(arguments: argparse.Namespace) -> None:
    """Serve one virtual device until its signal ends; print how it can be reached.

    Raises:
        TransportError: an option makes no sense.
        RecordingError: the record cannot be played.
        VirtualDeviceError: the port is in use, or there is no virtual HCI.
    """
    peripheral = _peripheral(arguments)
    signal = played_uv(arguments, peripheral.signal_fs_hz)
    print(
        f"{peripheral.name}, battery {peripheral.battery_percent} %, {peripheral.speed:g} times real time;"
        " connect with"
    )
    hci = f"&hci={peripheral.hci}" if peripheral.hci else ""
    print(f"  ble://{peripheral.name}?device={peripheral.support.device.name}{hci}", flush=True)
    played = asyncio.run(play(peripheral, signal))
    print(f"played {played.n_samples} samples, sent {played.n_sent}")


def _peripheral(arguments: argparse.Namespace) -> VirtualPeripheral:
    vhci = _VHCI if arguments.listen == "vhci" else ""
    host, port = ("", 0) if vhci else _host_and_port(arguments.listen)
    support = DEVICES[arguments.device]
    assert support.ble, "the parser lets only such through"
    return VirtualPeripheral(
        support=support,
        name=arguments.name or f"{support.ble.name_prefix or 'Heart Rate'} {_SERIAL}",
        host=host,
        port=port,
        speed=arguments.speed,
        drop=arguments.drop,
        cut_after_s=arguments.cut_after,
        cut_for_s=arguments.cut_for,
        battery_percent=arguments.battery,
        seed=arguments.seed,
        mtu=arguments.mtu,
        pairing=arguments.pairing,
        vhci=vhci,
    )


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 2**16 - 1:
        raise TransportError(f"--listen {listen}: give HOST:PORT, e.g. 127.0.0.1:9111, or vhci")
    return host, int(port)
