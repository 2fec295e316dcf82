"""What Linux says of the computer itself: temperature, supply voltage, memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.health import TroubleCode

HOT_C: Final = 80.0
"""A Raspberry Pi slows down from here on (its firmware's soft limit; 85 °C is the hard one)."""
COOL_C: Final = 75.0
LEAST_MEMORY: Final = 0.05
"""Of all memory; below it Linux soon ends a process."""
_CPU_ZONES: Final = ("cpu", "soc", "pkg", "core")
_THROTTLED: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
_REMEDY: Final = "it needs a stronger power supply or a shorter cable"
_UNDER_VOLTAGE, _WAS_UNDER_VOLTAGE = 1 << 0, 1 << 16


class Computer:
    """`root` is where `/sys` and `/proc` are; what is not there is not judged."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root, self._is_hot = root, False

    def troubles(self) -> dict[TroubleCode, str]:
        """What is wrong now."""
        return {code: text for code, text in self._judged() if text is not None}

    def _judged(self) -> Iterator[tuple[TroubleCode, str | None]]:
        yield "cpu_hot", self._heat()
        yield self._voltage()
        yield "memory_low", self._memory()

    def _heat(self) -> str | None:
        hottest_c = max(self._cpu_temperatures_c(), default=0.0)
        self._is_hot = hottest_c >= (COOL_C if self._is_hot else HOT_C)
        return f"the processor has {hottest_c:.0f} °C (limit {HOT_C:.0f} °C)" if self._is_hot else None

    def _cpu_temperatures_c(self) -> Iterator[float]:
        for zone in (self._root / "sys/class/thermal").glob("thermal_zone*"):
            kind, millidegrees = _text(zone / "type").lower(), _text(zone / "temp")
            if any(name in kind for name in _CPU_ZONES) and millidegrees.lstrip("-").isdecimal():
                yield int(millidegrees) / 1000

    def _voltage(self) -> tuple[TroubleCode, str | None]:
        """Of a Raspberry Pi: the firmware's flags, or the driver that stands for them."""
        try:
            flags = int(_text(self._root / _THROTTLED) or "0", 16)
        except ValueError:
            flags = 0
        drivers = (self._root / "sys/class/hwmon").glob("hwmon*")
        alarms = [_text(one / "in0_lcrit_alarm") for one in drivers if _text(one / "name") == "rpi_volt"]
        if flags & _UNDER_VOLTAGE or "1" in alarms:
            return "under_voltage", f"the supply voltage is too low; {_REMEDY}"
        was_low = f"since the start the supply voltage was too low at times; {_REMEDY}"
        return "under_voltage_before", was_low if flags & _WAS_UNDER_VOLTAGE else None

    def _memory(self) -> str | None:
        known = dict(_sizes_kib(_text(self._root / "proc/meminfo")))
        total, free = known.get("MemTotal"), known.get("MemAvailable")
        if not total or free is None or free >= LEAST_MEMORY * total:
            return None
        return f"{free / 1024:.0f} of {total / 1024:.0f} MiB of memory are free"


def _sizes_kib(meminfo: str) -> Iterator[tuple[str, int]]:
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        amount = value.split()
        if amount and amount[0].isdecimal():
            yield name, int(amount[0])


def _text(path: Path) -> str:
    """Empty where there is no such file, or where its driver does not answer."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
