"""Files that nobody here wrote: read without running anything, or refused in one line."""

import os
import pickle
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from edge.errors import UserError
from export.published import checkpoint
from export.published.checkpoint import read_state

STATE = {"conv1.weight": torch.arange(6.0).view(2, 3), "ln_pre.bias": torch.ones(4), "n": torch.tensor(3)}

fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class RunsOnLoading:
    """Unpickling this by the ordinary unpickler makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def saved(content: object, path: Path, *, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def refusal(path: Path) -> str:
    """What is said; nothing if the file is read."""
    try:
        read_state(path)
    except UserError as error:
        return str(error)
    return ""


def same(left, right) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin"])
@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_are_read_from_each_form_of_torch(tmp_path, suffix, zipped) -> None:
    assert same(read_state(saved(STATE, tmp_path / f"c{suffix}", zipped=zipped)), STATE)


def test_tensors_are_read_from_safetensors(tmp_path) -> None:
    save_file(STATE, tmp_path / "c.safetensors")
    assert same(read_state(tmp_path / "c.safetensors"), STATE)


@given(
    wrappers=st.lists(st.sampled_from(checkpoint.WRAPPERS), max_size=3),
    prefix=st.sampled_from(["", "module.", "_orig_mod.", "module._orig_mod."]),
)
@fuzz
def test_wrappers_and_prefixes_come_off(tmp_path, wrappers, prefix) -> None:
    content: object = {prefix + key: value for key, value in STATE.items()}
    for wrapper in wrappers:
        content = {"epoch": 3, wrapper: content}
    assert same(read_state(saved(content, tmp_path / "c.pt")), STATE)


@pytest.mark.parametrize("module", [b"numpy._core.multiarray", b"numpy.core.multiarray"])
def test_numpy_numbers_beside_the_weights_are_passed_over(tmp_path, module) -> None:
    path = saved({"state_dict": STATE, "lr": np.float64(1e-4), "n": np.int64(3)}, tmp_path / "c.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "d.pt", "w") as new:
        for entry in old.infolist():
            text = old.read(entry).replace(b"numpy._core.multiarray", module)
            new.writestr(entry.filename, text)
    assert same(read_state(tmp_path / "d.pt"), STATE)


@pytest.mark.parametrize("form", ["zip", "legacy", "bare", "beside weights", "in an array"])
def test_what_would_run_on_loading_is_refused_and_does_not_run(tmp_path, form) -> None:
    marker, path = tmp_path / "executed", tmp_path / "c.pt"
    evil: object = RunsOnLoading(marker)
    if form == "bare":
        path.write_bytes(pickle.dumps(evil, protocol=2))
    elif form == "in an array":
        saved({"state_dict": STATE, "lr": np.array([evil], dtype=object)}, path)
    else:
        saved(
            {"state_dict": STATE, "x": evil} if form == "beside weights" else evil,
            path,
            zipped=form != "legacy",
        )
    with pytest.raises(UserError, match=r"refused: it asks to run (posix\.mkdir|nt\.mkdir|numpy\.)"):
        read_state(path)
    assert not marker.exists()
    if form not in ("bare", "in an array"):
        torch.load(path, weights_only=False)  # the same file does run where nobody looks
        assert marker.exists()


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
@given(data=st.data())
@fuzz
def test_a_truncated_file_is_refused(tmp_path, suffix, data) -> None:
    path = tmp_path / f"c{suffix}"
    if suffix == ".safetensors":
        save_file(STATE, path)
    else:
        saved(STATE, path, zipped=suffix == ".pt")
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(UserError, match=r"c\.\w+: "):
        read_state(path)


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
@given(data=st.data())
@fuzz
def test_a_damaged_file_is_read_or_refused(tmp_path, suffix, data) -> None:
    path = tmp_path / f"c{suffix}"
    if suffix == ".safetensors":
        save_file(STATE, path)
    else:
        saved(STATE, path, zipped=suffix == ".pt")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    assert "\n" not in refusal(path)


@given(content=st.binary(max_size=200))
@fuzz
def test_any_bytes_are_refused(tmp_path, content) -> None:
    for suffix in (".pt", ".safetensors"):
        path = tmp_path / f"c{suffix}"
        path.write_bytes(content)
        with pytest.raises(UserError):
            read_state(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.ones(2)], "no state dict, but list; expected tensors by name"),
        (torch.ones(2), "no state dict, but Tensor"),
        ({}, "no state dict, but dict"),
        ({"epoch": 3}, "'epoch' is int, expected a tensor by name"),
        ({"a": torch.ones(2), "b": {"c": torch.ones(2)}}, "'b' is dict, expected a tensor"),
        ({3: torch.ones(2)}, "'3' is Tensor, expected a tensor by name"),
        ({"w": torch.ones(1).expand(1 << 20)}, r"'w': shape \(1048576,\) is more than the file holds"),
    ],
)
def test_what_is_no_state_dict_is_named(tmp_path, content, message) -> None:
    with pytest.raises(UserError, match=message):
        read_state(saved(content, tmp_path / "c.pt"))


def test_a_file_that_would_grow_on_reading_is_refused(tmp_path, monkeypatch) -> None:
    path = saved(STATE, tmp_path / "c.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "d.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    with pytest.raises(UserError, match="is compressed, which torch never does"):
        read_state(tmp_path / "d.pt")
    monkeypatch.setattr(checkpoint, "MAX_PICKLE_BYTES", 10)
    with pytest.raises(UserError, match=r"data.pkl is too large"):
        read_state(path)
    monkeypatch.setattr(checkpoint, "MAX_UNMAPPED_BYTES", 10)
    with pytest.raises(UserError, match="more than 2 GiB"):
        read_state(saved(STATE, path, zipped=False))


def test_a_compiled_model_is_refused(tmp_path) -> None:
    buffer = BytesIO()
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    (tmp_path / "c.pt").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match=r"c\.pt: "):
        read_state(tmp_path / "c.pt")


@pytest.mark.parametrize(
    ("name", "message"), [("gone.pt", "no checkpoint file"), ("c.onnx", "ends in .safe")]
)
def test_other_files_are_refused_by_name(tmp_path, name, message) -> None:
    (tmp_path / "c.onnx").write_bytes(b"x")
    with pytest.raises(UserError, match=f"{name}: .*{message}"):
        read_state(tmp_path / name)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_bare_pickle_is_refused_in_one_line(tmp_path, protocol) -> None:
    path, marker = tmp_path / "c.bin", tmp_path / "ran"
    path.write_bytes(pickle.dumps(RunsOnLoading(marker), protocol))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert told == []
    assert not marker.exists()
