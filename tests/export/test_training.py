"""The training script on a small data folder in the real layout."""

import json
import sys

import numpy as np
import pytest

from export.training.record_cache import load_groups
from export.training.records import DS2, FS_HZ, UNKNOWN
from export.training.train import learning_rate, train
from export.training.windows import WindowSource, targets


def test_groups_are_split_by_patient_and_hold_nothing_of_ds2(data, settings) -> None:
    seen = {}
    for dev in (False, True):
        groups, noise = load_groups(data, settings["data"], dev=dev)
        seen[dev] = {record.name for records in groups.values() for record in records}
        assert len(noise) == 3
    assert not seen[False] & seen[True]
    assert {"223", "800", "A00001"} <= seen[True]
    assert not (seen[False] | seen[True]) & set(DS2)


def test_labels_land_where_the_beats_are(data, settings) -> None:
    groups, _ = load_groups(data, settings["data"], dev=False)
    record = groups["mitdb"][0]
    assert record.ecg_mv.shape == (7680, 2)
    assert record.beat_samples[1] == round(460 * FS_HZ / 360)
    assert set(record.rhythm_per_s[1:]) == {1}
    window = targets(record, 0, 1.0, 4 * FS_HZ)
    peaks = np.flatnonzero(window.beat_heat > 0.9)
    assert abs(peaks[0] - 200 * 64 / 360) < 1
    assert window.beat_codes[peaks[0]] == 2
    assert groups["cinc2017"][0].quality_per_s.max() == 0
    assert set(groups["cinc2017"][0].rhythm_per_s) == {UNKNOWN}


def test_windows_are_finite_and_repeat_with_the_seed(data, settings) -> None:
    groups, noise = load_groups(data, settings["data"], dev=False)
    weights = settings["data"]["weights"]
    first, second = (iter(WindowSource(groups, weights, noise, 4, 2, seed=5)) for _ in range(2))
    for _ in range(60):
        ours, theirs = next(first), next(second)
        np.testing.assert_array_equal(ours.ecg_mv, theirs.ecg_mv)
        assert ours.ecg_mv.shape == (2, 4 * FS_HZ)
        assert np.isfinite(ours.ecg_mv).all()
        assert ((ours.quality >= -1) & (ours.quality <= 1)).all()


def test_rate_rises_stays_and_falls_to_zero(settings) -> None:
    optimizer = {**settings["optimizer"], "steps": 1000, "warmup_steps": 100, "decay_share": 0.3}
    rates = [learning_rate(step, optimizer) for step in range(1000)]
    assert rates[0] < rates[99] == rates[500] == optimizer["learning_rate"]
    assert rates[999] < 0.01 * rates[500]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.skipif(sys.platform == "win32", reason="worker processes are forked")
def test_training_stops_resumes_and_leaves_a_checkpoint(data, settings, tmp_path) -> None:
    settings["optimizer"]["steps"] = 2
    train(settings, data, tmp_path)
    settings["optimizer"]["steps"] = 4
    train(settings, data, tmp_path)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [row["step"] for row in history] == [0, 1, 2, 3]
    assert {"q_se", "v_se", "af_auc"} <= history[-1]["dev"].keys()
    assert (tmp_path / "checkpoint" / "model.safetensors").exists()
    assert (tmp_path / "curves.png").stat().st_size > 1000
