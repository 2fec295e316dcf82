"""The training script on a small data folder in the real layout."""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.labels import Rhythm
from export.model import EcgEncoder, EncoderConfig
from export.training.augment import Augmenter, _with_inserted
from export.training.losses import encoder_loss
from export.training.readers import READERS
from export.training.record_cache import load_groups
from export.training.records import FS_HZ, NO_WAVE, P_WAVE, QRS, T_WAVE, UNKNOWN
from export.training.rhythms import UNKNOWN_RHYTHM, all_but, rhythm_set
from export.training.splits import DS1, DS2, is_qtdb_held_out
from export.training.targets import Window, targets
from export.training.train import begin_from, collate, learning_rate, train
from export.training.waves import Wave, wave_codes
from export.training.windows import WindowSource


@pytest.fixture
def groups(data, settings):
    return load_groups(data, list(settings["data"]["weights"]), held_out=False)


def test_groups_are_split_by_patient_and_hold_nothing_of_ds2(data, settings) -> None:
    seen = {}
    for held_out in (False, True):
        groups, noise = load_groups(data, list(settings["data"]["weights"]), held_out=held_out)
        seen[held_out] = {
            f"{source} {record.name}" for source, records in groups.items() for record in records
        }
        assert len(noise) == 3
    assert not seen[False] & seen[True]
    assert {"mitdb 223", "svdb 800", "cinc2017 A00001", "ludb 5", "qtdb sel30", "cudb cu03"} <= seen[True]
    assert {"mitdb 102", "ludb 1", "qtdb sel31", "cudb cu01", "cinc2017 A00099"} <= seen[False]
    assert not {name.split()[1] for name in seen[False] | seen[True] if name.startswith("mitdb")} & DS2


def test_no_patient_of_ds2_comes_in_through_the_qt_database() -> None:
    assert all(is_qtdb_held_out(f"sel{name}") for name in DS2)
    assert is_qtdb_held_out("sel223")  # a development patient
    assert not is_qtdb_held_out("sel114")
    assert not any(is_qtdb_held_out(f"sel{name}") for name in DS1 - {"108", "119", "223"})


def test_labels_land_where_the_beats_are(groups) -> None:
    record = groups[0]["mitdb"][0]
    assert record.ecg_mv.shape == (7680, 2)
    assert record.beat_samples[1] == round(460 * FS_HZ / 360)
    assert set(record.rhythms_per_s[1:]) == {rhythm_set(Rhythm.ATRIAL_FIBRILLATION)}
    window = targets(record, 0, 1.0, 4 * FS_HZ, 0)
    peaks = np.flatnonzero(window.beat_heat > 0.9)
    assert abs(peaks[0] - 200 * 64 / 360) < 1
    assert window.beat_codes[peaks[0]] == 2
    assert set(window.waves) == {UNKNOWN}


def test_labels_that_say_little_are_sets(groups) -> None:
    noisy, fibrillating, alarm = groups[0]["cinc2017"][0], groups[0]["cudb"][0], groups[0]["cinc2015"][0]
    vf = Rhythm.VENTRICULAR_FIBRILLATION
    assert noisy.quality_per_s.max() == 0
    assert set(noisy.rhythms_per_s) == {rhythm_set(Rhythm.NOISE)}
    assert set(fibrillating.rhythms_per_s[10:20]) == {rhythm_set(vf)}
    assert set(fibrillating.rhythms_per_s[:10]) == {all_but(vf)}
    assert alarm.rhythms_per_s[-1] == all_but(vf, Rhythm.VENTRICULAR_TACHYCARDIA)


def test_waves_land_where_they_were_drawn(groups) -> None:
    record = groups[0]["ludb"][0]
    window = targets(record, 0, 1.0, 8 * FS_HZ, 0)
    scale = FS_HZ / 360
    beat = 460 * scale
    assert window.waves[round(beat)] == QRS
    assert window.waves[round(beat - 50 * scale)] == P_WAVE
    assert window.waves[round(beat + 90 * scale)] == T_WAVE
    assert window.waves[round(beat + 40 * scale)] == NO_WAVE
    assert window.waves[0] == UNKNOWN
    assert (window.beat_heat[:18] == UNKNOWN).all()
    assert window.beat_heat[25] >= 0


def test_a_wave_without_an_onset_leaves_the_stretch_before_it_open() -> None:
    waves = [Wave(QRS, 1.0, 1.05, 1.1), Wave(T_WAVE, None, 1.3, 1.4), Wave(QRS, 2.0, 2.05, 2.1)]
    codes = wave_codes(waves, 3 * 100, 100)
    assert codes[105] == QRS
    assert set(codes[112:128]) == {UNKNOWN}
    assert codes[135] == T_WAVE
    assert set(codes[145:195]) == {NO_WAVE}


def test_windows_are_finite_and_repeat_with_the_seed(groups, settings) -> None:
    records, noise = groups
    weights = settings["data"]["weights"]
    first, second = (iter(WindowSource(records, weights, noise, 4, 2, seed=5)) for _ in range(2))
    for _ in range(80):
        ours, theirs = next(first), next(second)
        np.testing.assert_array_equal(ours.ecg_mv, theirs.ecg_mv)
        assert ours.ecg_mv.shape == (2, 4 * FS_HZ)
        assert ours.waves.shape == (4 * FS_HZ,)
        assert np.isfinite(ours.ecg_mv).all()
        assert ((ours.quality >= -1) & (ours.quality <= 1)).all()


def test_a_pause_shifts_all_that_follows_and_can_be_read(groups) -> None:
    window = next(
        iter(WindowSource({"mitdb": groups[0]["mitdb"]}, {"mitdb": 1}, [], 12, 1, 0, augment=False))
    )
    paused = _with_inserted(window, 5.5, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(paused.beat_heat[:352], window.beat_heat[:352])
    assert paused.beat_heat[352 : 352 + 192].max() == 0
    np.testing.assert_array_equal(paused.beat_heat[544:], window.beat_heat[352:576])
    np.testing.assert_allclose(paused.ecg_mv[:, 1088:], window.ecg_mv[:, 704:1152])
    assert set(paused.quality[5:8]) == {1}
    assert set(paused.rhythms[5:8]) == {UNKNOWN_RHYTHM}


def test_lost_contact_is_labelled_unreadable(groups) -> None:
    window = next(
        iter(WindowSource({"mitdb": groups[0]["mitdb"]}, {"mitdb": 1}, [], 12, 1, 0, augment=False))
    )
    changed = Augmenter([], np.random.default_rng(1))._without_contact(window)
    lost = np.flatnonzero(changed.quality == 0)
    assert len(lost) >= 2
    assert set(changed.rhythms[lost]) == {rhythm_set(Rhythm.NOISE)}
    assert changed.beat_heat[lost[0] * 64 : (lost[-1] + 1) * 64].max() <= 0


def test_a_stage_takes_over_what_fits_of_the_one_before(model, tmp_path, capsys) -> None:
    model.save_pretrained(tmp_path)
    wider = EcgEncoder(EncoderConfig(**{**small(model), "rhythms": ("N", "AFIB")}))
    begin_from(wider, str(tmp_path))
    torch.testing.assert_close(wider.stem[0].weight, model.stem[0].weight)
    assert "new in this stage: rhythm_head.weight [2, 16]" in capsys.readouterr().out


def small(model) -> dict:
    config = model.encoder_config
    return {"widths": config.widths, "n_blocks": config.n_blocks, "n_heads": config.n_heads}


@pytest.mark.parametrize("name", ["beats", "encoder"])
def test_each_configuration_is_whole(name) -> None:
    path = Path(__file__).parents[2] / "configs" / "training" / f"{name}.toml"
    loaded = tomllib.loads(path.read_text())
    encoder = EcgEncoder(EncoderConfig(**loaded["model"]))
    assert set(loaded["data"]["weights"]) <= set(READERS)
    assert sum(loaded["data"]["weights"].values()) == pytest.approx(1, abs=0.01)
    ecg = torch.randn(1, 1, 128 * loaded["data"]["window_s"])
    unlabelled = targets_of_nothing(ecg.shape[2])
    losses = encoder_loss(encoder(ecg), collate([unlabelled]), loaded["loss"])
    assert all(float(loss.detach()) == 0 for loss in losses.values())


def targets_of_nothing(n: int) -> Window:
    frames, seconds = n // 2, n // 128
    return Window(
        np.zeros((1, n), np.float32),
        np.full(frames, -1, np.float32),
        np.full(frames, -1),
        np.full(n, -1),
        np.full(seconds, UNKNOWN_RHYTHM, np.uint16),
        np.full(seconds, -1, np.float32),
        -1,
    )


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
    assert {"q_se", "v_se", "screen_f1", "f1_qrs"} <= history[-1]["dev"].keys()
    assert (tmp_path / "checkpoint" / "model.safetensors").exists()
    assert (tmp_path / "curves.png").stat().st_size > 1000
