"""Each mistake is one clear line on stderr and exit status 2, and costs nothing that was there."""

import json
import os
import shutil
import signal

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE

pytestmark = pytest.mark.end_to_end


def refuses(household, *arguments: str) -> str:
    done = household.run(*arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("hearth: ")
    return line.removeprefix("hearth: ")


def test_unknown_config_key(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}", more="prot = 5\n")
    assert refuses(household, "edge", "--config", "edge.toml") == "edge.toml: mqtt.prot: unknown key"


def test_missing_language_model_file(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}", model="none.gguf")
    assert refuses(household, "edge", "--config", "edge.toml").endswith(
        "none.gguf: model.language_model: no such file"
    )


def test_missing_and_damaged_bundle(household, short_record) -> None:
    line = refuses(household, "analyze", str(short_record), "--bundle", "nowhere")
    assert line == "nowhere/manifest.json: no model bundle here (manifest.json is missing)"
    shutil.copytree(DEFAULT_BUNDLE, household.folder / "bundle")
    with (household.folder / "bundle" / "encoder.onnx").open("ab") as model:
        model.write(b"x")
    line = refuses(household, "analyze", str(short_record), "--bundle", "bundle")
    assert line.startswith("bundle/encoder.onnx: wrong hash, bundle/manifest.json key onnx_sha256 says ")


def test_no_such_record(household) -> None:
    assert "nothing" in refuses(household, "analyze", "nothing")
    household.write_edge("replay://nothing")
    household.start_hub()
    assert "nothing" in refuses(household, "edge", "--config", "edge.toml")


def test_truncated_record(household, short_record) -> None:
    for suffix in (".hea", ".dat"):
        shutil.copy(short_record.with_suffix(suffix), household.folder)
    os.truncate(household.folder / "short.dat", 5000)
    assert "short" in refuses(household, "analyze", "short")


def test_counts_that_are_called_millivolts_are_told_and_analysed(household, short_record) -> None:
    import wfdb

    record = wfdb.rdrecord(str(short_record), channels=[0])
    counts = np.round(record.p_signal * 20)
    where = {"write_dir": str(household.folder), "fmt": ["16"], "adc_gain": [1.0], "baseline": [0]}
    wfdb.wrsamp("counts", record.fs, ["mV"], ["II"], counts, **where)
    done = household.run("analyze", "counts", "--json")
    assert done.returncode == 0, done.stderr
    warning = next(line for line in done.stderr.splitlines() if "warning" in line)
    assert warning.startswith("hearth: warning: counts: QRS complexes are ")
    assert warning.endswith("more than any heart's: the unit is wrong, or counts are taken for mV")
    assert json.loads(done.stdout)["implausible_qrs_mv"] > 12
    true = household.run("analyze", str(short_record), "--signal", "0", "--json")
    assert "warning" not in true.stderr
    assert "implausible_qrs_mv" not in json.loads(true.stdout)


def test_no_such_signal(household, short_record) -> None:
    assert "short" in refuses(household, "analyze", str(short_record), "--signal", "4")


def test_broker_that_refuses_the_password(household, short_record) -> None:
    household.start_hub()
    (household.folder / "wrong.password").write_text("guess")
    (household.folder / "wrong.password").chmod(0o600)
    household.write_edge(f"replay://{short_record}?speed=max", password="wrong.password")
    household.wait_until(lambda: "connected" in household.log("hub"), "the hub runs")
    line = refuses(household, "edge", "--config", "edge.toml")
    assert line.startswith(f"broker 127.0.0.1:{household.port} refused strap-1: ")
    assert line.endswith("(mqtt.username, mqtt.password_file)")


def test_a_broker_that_changes_its_mind_costs_no_ecg(household, short_record) -> None:
    """An edge that has recorded before goes on, and delivers once it is let in again."""
    (household.folder / "edge.password").write_text("strap secret")
    (household.folder / "edge.password").chmod(0o600)
    household.write_edge(f"replay://{short_record}?speed=max", password="edge.password")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0
    household.kill("hub", signal.SIGTERM)
    (household.folder / "strap-1.password").write_text("another")
    household.start_hub()
    household.start_edge()
    household.wait_until(lambda: "refused us" in household.log("edge"), "the edge is refused")
    household.wait_until(lambda: len(recorded(household)) == 2 and all(recorded(household)), "it records")
    household.kill("hub", signal.SIGTERM)
    (household.folder / "strap-1.password").write_text("strap secret")
    household.start_hub()
    assert household.wait("edge") == 0
    assert len([one for one in household.notices() if one.code == "recording_ended"]) == 2


def recorded(household) -> list[int]:
    """Bytes of raw ECG of each recording."""
    folders = [path.parent for path in household.folder.glob("edge/recordings/*/recording.json")]
    return [sum(path.stat().st_size for path in ecg_files(folder)) for folder in folders]


def ecg_files(folder):
    return [path for path in folder.iterdir() if path.suffix in (".dat", ".flac")]


def test_port_in_use(household) -> None:
    household.start_hub()
    household.wait_until(lambda: "connected" in household.log("hub"), "the hub runs")
    assert f"127.0.0.1:{household.port}" in refuses(household, "hub", "--config", "hub.toml")


def test_no_tex(household, short_record, monkeypatch) -> None:
    household.write_edge(f"replay://{short_record}?speed=max")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0
    monkeypatch.setenv("PATH", "/nowhere")
    line = refuses(household, "report", "--config", "hub.toml", "--patient", "patient-1", "--out", "r.pdf")
    assert "apt-get install texlive-latex-base texlive-latex-recommended lmodern" in line
    assert not (household.folder / "r.pdf").exists()
