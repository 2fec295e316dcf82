"""Sentences beside windows: what may be said, and that training brings both together."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.labels import Rhythm
from export.model import EcgEncoder
from export.training import align, text_pairs
from export.training.align import contrastive_loss, train
from export.training.ptbxl_views import LEADS, read_descriptions, read_ptbxl_reports, view_report
from export.training.rhythms import all_but, rhythm_set
from export.training.score_align import zero_shot
from export.training.sentences import Report, report
from export.training.targets import Window
from export.training.text_pairs import TextPairs
from export.training.text_tower import ProjectionConfig, SentenceEncoder, TextProjection

CONFIG = Path(__file__).parents[2] / "configs" / "training" / "align.toml"
AF = rhythm_set(Rhythm.ATRIAL_FIBRILLATION)


def window(codes: list[int], rhythm: int, screen: int = -1) -> Window:
    heat, frame_codes = np.zeros(768, np.float32), np.full(768, -1, np.int64)
    for i, code in enumerate(codes):
        heat[20 + 50 * i], frame_codes[20 + 50 * i] = 1, code
    rhythms, quality = np.full(12, rhythm, np.uint16), np.ones(12, np.float32)
    return Window(
        np.zeros((1, 1536), np.float32), heat, frame_codes, np.full(1536, -1), rhythms, quality, screen
    )


def test_a_report_says_what_the_labels_hold() -> None:
    said = report(window([0, 2, 2, 0, 1, 0], AF), np.random.default_rng(0))
    assert said.findings == ("AFIB", "S", "V", "couplet")
    assert "atrial fibrillation" in said.words
    assert said.measurements.startswith("heart rate 77 bpm, RR 781 ms")
    assert "run" in report(window([0, 2, 2, 2, 0], AF), np.random.default_rng(0)).findings
    assert "bigeminy" in report(window([0, 2, 0, 2, 0, 2, 0], AF), np.random.default_rng(0)).findings


def test_a_report_says_nothing_that_is_not_sure() -> None:
    unsure = all_but(Rhythm.VENTRICULAR_FIBRILLATION)
    assert report(window([0, 0, 0], unsure), np.random.default_rng(0)) is None
    assert report(window([], unsure, screen=2), np.random.default_rng(0)).findings == ("other",)


def test_a_view_keeps_only_what_its_leads_show(data) -> None:
    record = next(record for record in read_ptbxl_reports(data) if record.held_out)
    words = read_descriptions(data)
    everything = view_report(record, [LEADS.index("II")], words, whole=True)
    assert everything.findings == ("AFIB", "IMI")
    assert everything.words == "vorhofflimmern"
    hidden = view_report(record, [LEADS.index("V2")], words, whole=True)
    assert hidden.findings == ("AFIB",)
    assert hidden.words == "atrial fibrillation"


def test_the_loss_is_least_where_pairs_lie_together() -> None:
    ecg, scale = torch.eye(4), torch.tensor(20.0)
    assert contrastive_loss(ecg, ecg, torch.eye(4), scale) < 0.01
    assert contrastive_loss(ecg, ecg.flip(0), torch.eye(4), scale) > 5
    alike = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2))
    assert contrastive_loss(alike, alike, alike, scale) < 1.0


def test_zero_shot_with_measurements_reads_those_of_each_window(model) -> None:
    """Windows alike, so that only their texts can tell them apart."""
    torch.manual_seed(0)
    sentences = SentenceEncoder()
    projection = TextProjection(ProjectionConfig(model.config.text_width)).eval()
    seconds = torch.randn(1, 12, model.config.widths[-1]).expand(12, -1, -1)

    def scores(fast: str, slow: str, *, measured: bool) -> dict[str, float]:
        reports = [Report(("AFIB",), "", fast)] * 6 + [Report(("N",), "", slow)] * 6
        return zero_shot(model, projection, TextPairs(seconds, reports), sentences, measured=measured)

    plain = scores("heart rate 150 bpm", "heart rate 60 bpm", measured=False)
    assert plain["zero-shot AUC AFIB"] == plain["zero-shot AUC N"] == 0.5
    told = scores("heart rate 150 bpm", "heart rate 60 bpm", measured=True)
    assert told["zero-shot AUC AFIB with measurements"] in {0, 1}
    unmeasured = scores("", "", measured=True)
    assert unmeasured["zero-shot AUC mean with measurements"] == 0.5


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_training_aligns_and_scores(data, model, tmp_path) -> None:
    model.save_pretrained(tmp_path / "encoder")
    loaded = tomllib.loads(CONFIG.read_text())
    loaded["data"] |= {"pairs": 48, "held_out_pairs": 48, "window_s": 4}
    loaded["data"]["weights"] = {"mitdb": 0.5, "cinc2017": 0.5}
    loaded["optimizer"] |= {"steps": 5, "batch_size": 16, "warmup_steps": 1}
    scores = train(loaded, data, tmp_path / "encoder", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == scores
    assert {"R@10 text to ECG, own with measurements", "R@1 ECG to text, same findings"} <= scores.keys()
    plain = {name for name in scores if name.startswith("zero-shot") and "measurements" not in name}
    assert "zero-shot AUC mean" in plain
    assert {f"{name} with measurements" for name in plain} <= scores.keys()
    aligned = EcgEncoder.from_pretrained(tmp_path / "out" / "checkpoint")
    torch.testing.assert_close(aligned.stem[0].weight, model.stem[0].weight)
    assert not torch.equal(aligned.window_head.questions.weight, model.window_head.questions.weight)
    projected = TextProjection.from_pretrained(tmp_path / "out" / "text_projection")(torch.randn(2, 384))
    torch.testing.assert_close(projected.norm(dim=1), torch.ones(2))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_cut_alignment_goes_on_as_if_it_had_not_been_cut(data, model, tmp_path, monkeypatch) -> None:
    model.save_pretrained(tmp_path / "encoder")
    loaded = tomllib.loads(CONFIG.read_text())
    loaded["data"] |= {"pairs": 48, "held_out_pairs": 48, "window_s": 4}
    loaded["data"]["weights"] = {"mitdb": 0.5, "cinc2017": 0.5}
    loaded["optimizer"] |= {"steps": 5, "batch_size": 16, "warmup_steps": 1}
    loaded["run"]["checkpoint_every"] = 2
    scores = train(loaded, data, tmp_path / "encoder", tmp_path / "whole")
    losses = []

    def cut(*arguments: torch.Tensor) -> torch.Tensor:
        losses.append(contrastive_loss(*arguments))
        if len(losses) == 4:
            raise KeyboardInterrupt
        return losses[-1]

    monkeypatch.setattr(align, "contrastive_loss", cut)
    with pytest.raises(KeyboardInterrupt):
        train(loaded, data, tmp_path / "encoder", tmp_path / "cut")
    monkeypatch.setattr(text_pairs, "draw_pairs", None)  # they are drawn once
    assert train(loaded, data, tmp_path / "encoder", tmp_path / "cut") == scores
    assert len(losses) == 4 + 3
    for folder, kind in (("checkpoint", EcgEncoder), ("text_projection", TextProjection)):
        whole, resumed = (kind.from_pretrained(tmp_path / name / folder) for name in ("whole", "cut"))
        for name, value in whole.state_dict().items():
            assert torch.equal(value, resumed.state_dict()[name]), name
    loaded["data"]["seed"] += 1
    with pytest.raises(TypeError):  # other pairs than those that are kept
        train(loaded, data, tmp_path / "encoder", tmp_path / "cut")
