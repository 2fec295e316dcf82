"""A Polar H10 as a GATT application of BlueZ: `python bluez_h10.py NAME`. Its samples are their own index.

The annotations of the methods are D-Bus signatures.
"""

import asyncio
import sys

import numpy as np
from dbus_fast import BusType, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_property, method

from firmware_bridge.devices import polar_h10
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS, SAMPLES_PER_FRAME, ecg_frame
from firmware_bridge.devices.polar_pmd import Status, answer_bytes

ROOT, ADAPTER = "/hearth", "/org/bluez/hci0"
BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_PERCENT = 77
START, STOP = 2, 3
SPEED = 10


class Root(ServiceInterface):
    def __init__(self):
        super().__init__("org.hearth.Root")


class Service(ServiceInterface):
    def __init__(self, uuid):
        super().__init__("org.bluez.GattService1")
        self._uuid = uuid

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> "s":
        return self._uuid

    @dbus_property(access=PropertyAccess.READ)
    def Primary(self) -> "b":
        return True


class Characteristic(ServiceInterface):
    def __init__(self, uuid, service, flags, value=b"", on_write=lambda _: None):
        super().__init__("org.bluez.GattCharacteristic1")
        self._uuid, self._service, self._flags = uuid, service, flags
        self._value, self._on_write, self._notifying = value, on_write, False

    def send(self, value):
        self._value = value
        self.emit_properties_changed({"Value": value})

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> "s":
        return self._uuid

    @dbus_property(access=PropertyAccess.READ)
    def Service(self) -> "o":
        return self._service

    @dbus_property(access=PropertyAccess.READ)
    def Flags(self) -> "as":
        return self._flags

    @dbus_property(access=PropertyAccess.READ)
    def Value(self) -> "ay":
        return self._value

    @dbus_property(access=PropertyAccess.READ)
    def Notifying(self) -> "b":
        return self._notifying

    @method()
    def ReadValue(self, options: "a{sv}") -> "ay":
        return self._value

    @method()
    def WriteValue(self, value: "ay", options: "a{sv}"):
        self._on_write(bytes(value))

    @method()
    def StartNotify(self):
        self._notifying = True

    @method()
    def StopNotify(self):
        self._notifying = False

    @method()
    def Confirm(self):
        """An indication was heard."""


class Advertisement(ServiceInterface):
    def __init__(self, name):
        super().__init__("org.bluez.LEAdvertisement1")
        self._name = name

    @dbus_property(access=PropertyAccess.READ)
    def Type(self) -> "s":
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ)
    def LocalName(self) -> "s":
        return self._name

    @dbus_property(access=PropertyAccess.READ)
    def Discoverable(self) -> "b":
        return True

    @dbus_property(access=PropertyAccess.READ)
    def ServiceUUIDs(self) -> "as":
        return [polar_h10.SERVICE]

    @method()
    def Release(self):
        """Nothing is held."""


async def main(name):
    streaming = asyncio.Event()

    def on_command(command):
        print("command", command.hex(), flush=True)
        streaming.set() if command[0] == START else streaming.clear()
        answer = answer_bytes(command[0], command[1] & 0x3F, Status.OK, b"")
        asyncio.get_running_loop().call_later(0.02, control.send, answer)

    strap, power = f"{ROOT}/service0", f"{ROOT}/service1"
    control = Characteristic(polar_h10.CONTROL, strap, ["read", "write", "indicate"], on_write=on_command)
    ecg = Characteristic(polar_h10.Channel.ECG, strap, ["notify"])
    battery = Characteristic(polar_h10.Channel.BATTERY, power, ["read", "notify"], bytes([BATTERY_PERCENT]))
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    for path, thing in {
        ROOT: Root(),
        strap: Service(polar_h10.SERVICE),
        f"{strap}/char0": control,
        f"{strap}/char1": ecg,
        power: Service(BATTERY_SERVICE),
        f"{power}/char0": battery,
        f"{ROOT}/advertisement": Advertisement(name),
    }.items():
        bus.export(path, thing)
    adapter = bus.get_proxy_object("org.bluez", ADAPTER, await bus.introspect("org.bluez", ADAPTER))
    await adapter.get_interface("org.bluez.GattManager1").call_register_application(ROOT, {})
    advertising = adapter.get_interface("org.bluez.LEAdvertisingManager1")
    await advertising.call_register_advertisement(f"{ROOT}/advertisement", {})
    print("advertising", flush=True)
    end = 0
    while True:
        await streaming.wait()
        end += SAMPLES_PER_FRAME
        index = np.arange(end - SAMPLES_PER_FRAME, end)
        ecg.send(ecg_frame(index, DEVICE_EPOCH_NS + round(end * 1e9 / polar_h10.FS_HZ)))
        await asyncio.sleep(SAMPLES_PER_FRAME / polar_h10.FS_HZ / SPEED)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
