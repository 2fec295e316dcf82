"""A source as text: `scheme://target?option=value`, parsed with one clear line for each mistake."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.support import DeviceSupport, RateError
from firmware_bridge.transport import TransportError


@dataclass(frozen=True, slots=True)
class SourceUri:
    """A parsed URI; the getters raise `TransportError` that names the option."""

    text: str
    scheme: str
    target: str
    options: dict[str, list[str]]

    def allow(self, known: Collection[str]) -> None:
        """Complain about options that the scheme does not have."""
        for name in self.options:
            if name not in known:
                raise TransportError(
                    f"{self.text}: no option {name!r}; there are: {', '.join(sorted(known))}"
                )

    def get(self, name: str, default: str = "") -> str:
        """The option's last value."""
        return self.options.get(name, [default])[-1]

    def number(self, name: str, default: float, *, least: float = 0.0) -> float:
        """A finite number, not below `least`."""
        return self._number(name, self.get(name, str(default)), least)

    def numbers(self, name: str) -> list[int]:
        """Whole numbers from 0 of an option that may be given more than once."""
        return [int(self._number(name, value, 0)) for value in self.options.get(name, [])]

    def speed(self) -> float:
        """How many times faster than life; `max` is infinity."""
        if self.get("speed") == "max":
            return math.inf
        speed = self.number("speed", 1.0)
        if speed == 0:
            raise TransportError(f"{self.text}: speed=0 would stand still; give a number above 0, or max")
        return speed

    def time(self, name: str) -> datetime | None:
        """An ISO 8601 time, as UTC where it names no zone."""
        if not (value := self.get(name)):
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise TransportError(f"{self.text}: {name}={value} is no ISO 8601 time") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def support(self) -> DeviceSupport:
        """The device that the option `device` names, at the rate of `fs`."""
        name = self.get("device")
        if name not in DEVICES:
            raise TransportError(f"{self.text}: device={name or '...'} is not one of: {', '.join(DEVICES)}")
        return self._at_rate(DEVICES[name])

    def _at_rate(self, support: DeviceSupport) -> DeviceSupport:
        name = support.device.name
        if not self.get("fs"):
            if support.asks_rate:
                raise TransportError(f"{self.text}: {name} has no rate of its own; add fs=SAMPLES_PER_SECOND")
            return support
        if support.at_rate is None:
            raise TransportError(
                f"{self.text}: {name} has its own rate, {support.device.fs_hz:g} Hz; drop fs="
            )
        try:
            return support.at_rate(self.number("fs", support.device.fs_hz))
        except RateError as error:
            raise TransportError(f"{self.text}: {error}") from None

    def _number(self, name: str, value: str, least: float) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number < math.inf:
            raise TransportError(f"{self.text}: {name}={value} is no number from {least:g} on")
        return number


def parse_source_uri(text: str) -> SourceUri:
    """Split a URI; `scheme:///abs/path`, `scheme://relative/path` and `%20` are understood."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        raise TransportError(f"{text}: no source; give SCHEME://TARGET, e.g. replay://records/100")
    parts = urlsplit(text)
    options = parse_qs(parts.query, keep_blank_values=True)
    return SourceUri(text, scheme.lower(), unquote(parts.netloc + parts.path), options)
