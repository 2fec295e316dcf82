"""What commands that only read the history share: since when, and that there is one."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hub.config import HubConfig

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def since_when(text: str) -> timedelta | datetime:
    """Parses `--since`; argparse turns a `ValueError` into its message."""
    short = re.fullmatch(r"(\d{1,5})([dhm])", text)
    if short:
        return timedelta(**{_UNITS[short[2]]: int(short[1])})
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def check_database(config: "HubConfig") -> None:
    """A question must not create an empty history."""
    from hub.config import ConfigError

    url = config.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        raise ConfigError(
            config.path, "hub.database", f"{url} does not exist yet; has `hearth hub` ever run?"
        )
