"""What is installed for which role, and that everything a package needs is in it."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def names_of(extra: str) -> set[str]:
    """Distributions that an extra asks for, those of other extras that it names included."""
    found = set()
    for line in requires("hearth-ecg") or []:
        requirement, _, marker = line.partition(";")
        if marker and f'extra == "{extra}"' not in marker:
            continue
        name = requirement.split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip().lower()
        if name == "hearth-ecg":
            for inner in requirement.split("[")[1].split("]")[0].split(","):
                found |= names_of(inner)
        else:
            found.add(name)
    return found


def test_light_where_it_runs() -> None:
    assert "onnxruntime" in names_of("edge")
    assert not names_of("edge") & {"torch", "transformers", "sqlalchemy", "textual"}
    assert not names_of("hub") & {"torch", "onnxruntime", "bleak", "scipy", "wfdb"}
    assert not names_of("demo") & {"torch", "transformers", "neurokit2"}
    assert "torch" in names_of("export")


@pytest.mark.parametrize("entry", sorted(entry_points(group="hearth.commands")), ids=lambda entry: entry.name)
def test_each_subcommand_teaches(entry) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hearth"), entry.name, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) > 5
    assert entry.load().HELP


HELP_PROGRAM = """
import sys
from edge.command_line import main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"torch", "onnxruntime", "bleak", "textual", "sqlalchemy", "wfdb"}
print(*(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_version_and_help_load_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HELP_PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert "hearth demo" in done.stdout


def test_the_wheel_holds_models_migrations_and_styles(tmp_path) -> None:
    source = tmp_path / "source"  # a build leaves files beside its source
    kept = shutil.ignore_patterns(
        ".venv", ".git", "build", "*.egg-info", "__pycache__", "demo-output", ".*_cache"
    )
    shutil.copytree(ROOT, source, ignore=kept)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, source]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {
        "edge/models/encoder/manifest.json",
        "edge/models/encoder/encoder.onnx",
        "hub/migrations/env.py",
    } <= held
    assert any(name.startswith("hub/migrations/versions/") for name in held)
    assert any(name.endswith(".tcss") for name in held)
    assert not any(name.startswith("tests") for name in held)


def test_the_repository_speaks_of_itself_alone() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".sh", ".conf", ""}
            and path.is_file()
            and path.name != "test_packaging.py"
        ):
            content = path.read_text(errors="ignore")
            assert "/work/" not in content, name
            assert "/root/" not in content, name
