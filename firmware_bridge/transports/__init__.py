"""Every source of packets behind one function; each scheme loads its own packages only when used."""

from importlib import import_module
from types import MappingProxyType

from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.transport import Transport, TransportError

_SCHEMES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "ble": ("ble", "BleTransport"),
        "serial": ("serial_port", "SerialTransport"),
        "replay": ("replay", "ReplayTransport"),
        "simulator": ("simulator", "SimulatorTransport"),
        "capture": ("capture", "CaptureTransport"),
    }
)


def open_transport(uri: str) -> Transport:
    """The transport for a URI; entering it opens the source.

    `ble://NAME_OR_ADDRESS?device=`, `serial://PORT?device=`, `replay://PATH`, `simulator://`,
    `capture://FILE?device=`; docs of each scheme's options are with its class.

    Raises:
        TransportError: unknown scheme or option, or a value out of range.
    """
    parsed = parse_source_uri(uri)
    if parsed.scheme not in _SCHEMES:
        raise TransportError(f"{uri}: no scheme {parsed.scheme!r}; there are: {', '.join(_SCHEMES)}")
    module, name = _SCHEMES[parsed.scheme]
    transport: Transport = getattr(import_module(f"{__name__}.{module}"), name)(parsed)
    return transport
