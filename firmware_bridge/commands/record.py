"""`hearth devices record URI OUT`."""

from pathlib import Path
from urllib.parse import quote

from firmware_bridge.commands.watch import watch
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.transport import TransportError

_LIVE = {"ble", "serial"}


async def record(uri: str, out: str, seconds: float | None) -> None:
    """Watch a device and keep its raw bytes; print how they are played again.

    Raises:
        TransportError: the source is none with raw bytes, cannot be opened, or the file is there already.
    """
    parsed = parse_source_uri(uri)
    if parsed.scheme not in _LIVE:
        raise TransportError(f"{uri}: only ble:// and serial:// have raw bytes to record")
    if Path(out).expanduser().exists():
        raise TransportError(f"{out}: is there already; a capture is never written over")
    joint = "&" if "?" in uri else "?"
    await watch(f"{uri}{joint}capture={quote(out)}", seconds)
    fs = f"&fs={parsed.get('fs')}" if parsed.get("fs") else ""
    print(f"play it with: hearth devices watch '{capture_uri(out, parsed.get('device'))}{fs}'")


def capture_uri(path: str, device: str) -> str:
    """The source that plays a capture file."""
    return f"capture://{quote(path)}?device={quote(device)}"
