"""One of Hearth's own models from a folder: weights that are not its own never pass for trained."""

import json
from pathlib import Path
from typing import TypeVar

from transformers import PretrainedConfig, PreTrainedModel

from edge.errors import UserError
from export.published.checkpoint import State, read_state
from export.published.layout import listed

CONFIG_FILE, WEIGHT_FILES = "config.json", ("model.safetensors", "pytorch_model.bin")

Model = TypeVar("Model", bound=PreTrainedModel)


def read_model(kind: type[Model], folder: Path) -> Model:
    """The model that `save_pretrained` wrote; `UserError` names what was expected, and what was found."""
    model = _untrained(kind, folder)
    weights = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if weights is None:
        raise UserError(f"{folder}: no weights here; expected {' or '.join(WEIGHT_FILES)}")
    state = read_state(weights)
    _check(weights, model.state_dict(), state)
    model.load_state_dict(state)
    return model.eval()


def _untrained(kind: type[Model], folder: Path) -> Model:
    path, config = folder / CONFIG_FILE, kind.config_class
    assert config is not None
    assert issubclass(config, PretrainedConfig)
    expected = config.model_type
    try:
        values = json.loads(path.read_text())
        found = values.get("model_type")
        if found != expected:
            raise UserError(f"{path}: model_type {found!r}, expected {expected!r}")
        return kind(config.from_dict(values))
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; expected a model of type {expected!r}") from None
    except (OSError, ValueError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        raise UserError(f"{path}: cannot be used: {str(error).splitlines()[0][:200]}") from error


def _check(path: Path, own: State, state: State) -> None:
    missing = [key for key in own if key not in state]
    unexpected = [key for key in state if key not in own]
    if missing or unexpected:
        raise UserError(f"{path}: unknown layout; missing {listed(missing)}; unexpected {listed(unexpected)}")
    wrong = [
        f"{key} is {tuple(state[key].shape)}, expected {tuple(value.shape)}"
        for key, value in own.items()
        if state[key].shape != value.shape
    ]
    if wrong:
        raise UserError(f"{path}: unknown layout; {listed(wrong)}")
    if unusable := [key for key, value in state.items() if not value.isfinite().all()]:
        raise UserError(f"{path}: values that are not finite: {listed(unusable)}")
