"""A state dict from a file that nobody here wrote: nothing in it is executed, and what is odd is refused.

safetensors files hold numbers only and are preferred. `.pt`, `.pth` and `.bin` files are pickles; they are
read by torch's restricted unpickler (`weights_only`), mapped and not copied, so that of a 4 GB training
checkpoint only the encoder's tensors reach memory.
"""

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.errors import UserError

State = dict[str, Tensor]

PICKLES = (".pt", ".pth", ".bin")
WRAPPERS = ("state_dict", "model_state_dict", "model")
WRAPPER_PREFIXES = ("module.", "_orig_mod.")  # DistributedDataParallel, torch.compile
MAX_PICKLE_BYTES = 64 << 20  # the structure of a checkpoint, without its tensors
MAX_UNMAPPED_BYTES = 2 << 30  # files older than torch 1.6 cannot be mapped


class _Dtype:
    """Takes the place of a numpy dtype, whose values are not needed."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def _number(*_: object) -> float:
    """Takes the place of a numpy number: open_clip saves its learning rate as one, beside the weights."""
    return 0.0


_STAND_INS: list[Any] = [
    (_Dtype, "numpy.dtype"),
    (_number, "numpy.core.multiarray.scalar"),
    (_number, "numpy._core.multiarray.scalar"),
]


def read_state(path: Path) -> State:
    """Tensors by name, without wrappers and their prefixes; `UserError` names the file and the fault."""
    if not path.is_file():
        raise UserError(f"{path}: no checkpoint file here")
    if path.suffix == ".safetensors":
        content = _read_safetensors(path)
    elif path.suffix in PICKLES:
        content = _read_pickle(path)
    else:
        raise UserError(f"{path}: a checkpoint ends in .safetensors (preferred), {', '.join(PICKLES)}")
    state = _without_prefixes(_state_of(path, content))
    _check_sizes(path, state)
    return state


def _read_safetensors(path: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise UserError(f"{path}: damaged or truncated: {_first_line(error)}") from error


def _read_pickle(path: Path) -> object:
    mapped = _check_container(path)
    try:
        with torch.serialization.safe_globals(_STAND_INS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of protocols; what cannot be read is an error anyway
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise UserError(_refusal(path, str(error))) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path}: damaged or truncated: {_first_line(error)}") from error


def _check_container(path: Path) -> bool:
    """Whether the file can be mapped; refuses what would grow on reading."""
    entries = _entries(path)
    if entries is None:
        if path.stat().st_size > MAX_UNMAPPED_BYTES:
            raise UserError(f"{path}: damaged or truncated, or an old torch file of more than 2 GiB")
        return False
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED:
            raise UserError(f"{path}: {entry.filename} is compressed, which torch never does")
        if entry.filename.endswith(".pkl") and entry.file_size > MAX_PICKLE_BYTES:
            raise UserError(f"{path}: {entry.filename} is too large: {entry.file_size} bytes")
    return True


def _entries(path: Path) -> list[zipfile.ZipInfo] | None:
    """Of the container; None where the file is none."""
    try:
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as container:
            return container.infolist()
    except Exception as error:  # a damaged container can raise anything
        raise UserError(f"{path}: damaged or truncated: {_first_line(error)}") from error


def _refusal(path: Path, message: str) -> str:
    wanted = re.search(r"GLOBAL (\S+)|`?(\w+(?:\.\w+)+)`? was not an allowed global", message)
    if wanted is None:
        return f"{path}: damaged or truncated, or not a checkpoint of torch"
    name = wanted.group(1) or wanted.group(2)
    return (
        f"{path}: refused: it asks to run {name} on loading, so it holds more than weights;"
        " save the weights alone, best as .safetensors"
    )


def _state_of(path: Path, content: object) -> State:
    while isinstance(content, Mapping):
        inner = next((content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping) or not content:
        raise UserError(f"{path}: no state dict, but {type(content).__name__}; expected tensors by name")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise UserError(f"{path}: no state dict: {str(key)[:80]!r} is {kind}, expected a tensor by name")
    return dict(content)


def _without_prefixes(state: State) -> State:
    for prefix in WRAPPER_PREFIXES:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): tensor for key, tensor in state.items()}
    return state


def _check_sizes(path: Path, state: State) -> None:
    """A stride of zero lets a small file hold a huge tensor."""
    n_bytes = path.stat().st_size
    for key, tensor in state.items():
        if tensor.numel() * tensor.element_size() > n_bytes:
            raise UserError(f"{path}: {key[:80]!r}: shape {tuple(tensor.shape)} is more than the file holds")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
