"""A store, and the config of a hub, for all tests that are not about these."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.store import Store

NAMES = {"anna": "Anna Berger", "josef": "Josef Huber"}
HUB = '[hub]\ndatabase = "hub.db"\n[mqtt]\nport = {port}\npassword_file = "hub.password"\n'
PERSON = (
    '[[patients]]\nid = "{id}"\nname = "{name}"\n'
    '[[devices]]\nid = "strap-{number}"\npatient = "{id}"\npassword_file = "hub.password"\n'
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Empty, of the newest schema."""
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as opened:
        yield opened


@pytest.fixture
def hub_toml(tmp_path) -> Callable[..., Path]:
    """Writes `hub.toml`, with a strap for each person; its path."""

    def write(*people: str, port: int = 1883) -> Path:
        persons = [
            PERSON.format(id=one, name=NAMES[one], number=number) for number, one in enumerate(people, 1)
        ]
        (tmp_path / "hub.password").write_text("secret")
        (tmp_path / "hub.password").chmod(0o600)
        path = tmp_path / "hub.toml"
        path.write_text(HUB.format(port=port) + "".join(persons))
        return path

    return write
