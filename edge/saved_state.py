"""A pipeline's state as bytes, stamped with the models and the software that it belongs to."""

import pickle
from collections.abc import Collection
from importlib.metadata import version


def saved(holder: object, stamp: str, made_with: Collection[str]) -> bytes:
    """All attributes of `holder` but what it was `made_with`."""
    state = {name: value for name, value in vars(holder).items() if name not in made_with}
    return _head(stamp) + pickle.dumps(state)


def restore(holder: object, stamp: str, snapshot: bytes) -> bool:
    """Give `holder` a state that `saved` gave; false where another model or version wrote it.

    Only ever read from the edge's own state directory.
    """
    head = _head(stamp)
    if not snapshot.startswith(head):
        return False
    vars(holder).update(pickle.loads(snapshot[len(head) :]))  # noqa: S301 the edge's own file, mode 0600
    return True


def _head(stamp: str) -> bytes:
    return f"{version('hearth-ecg')}/{stamp}\n".encode()
