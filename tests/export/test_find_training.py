"""Training of what `hearth find` compares: labels, losses, and the file that the hub reads."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.embedding import Embedding
from edge.labels import Rhythm
from export.training.find_concepts import (
    CONCEPTS,
    NO,
    UNSURE,
    YES,
    concepts_of_statements,
    concepts_of_window,
)
from export.training.find_phrases import asked, known_phrases, new_phrases
from export.training.find_questions import Questions, balanced_rows, draw_questions, sigmoid_loss
from export.training.find_tower import FindTower, WindowTower, save
from export.training.find_windows import FindWindows, directions
from export.training.rhythms import UNKNOWN_RHYTHM, rhythm_set
from export.training.score_find import scores
from export.training.targets import Window
from export.training.train_find import run_stage
from hub.find_model import FindModel

CONFIG = Path(__file__).parents[2] / "configs" / "training" / "find.toml"
SINUS, AF = rhythm_set(Rhythm.NON_AF), rhythm_set(Rhythm.ATRIAL_FIBRILLATION)


def window(text: str, rhythm: int = SINUS, every: int = 50, quality: int = 1, screen: int = -1) -> Window:
    heat, codes = np.zeros(768, np.float32), np.full(768, -1, np.int64)
    for i, name in enumerate(text):
        heat[20 + every * i], codes[20 + every * i] = 1, "NSVFQ".index(name)
    seconds = np.full(12, rhythm, np.uint16), np.full(12, quality, np.float32)
    return Window(np.zeros((1, 1536), np.float32), heat, codes, np.full(1536, -1), *seconds, screen)


def known(one: Window) -> dict[str, int]:
    return dict(zip(CONCEPTS, concepts_of_window(one).tolist(), strict=True))


def test_a_window_says_which_concepts_are_there() -> None:
    plain = known(window("N" * 14))
    assert plain["normal"] == YES
    assert {plain[name] for name in ("V", "S", "run", "AFIB", "slow", "fast", "NOISE")} == {NO}
    run = known(window("NNVVVNNVVNNSNN"))
    assert {run[name] for name in ("V", "run", "couplet", "S")} == {YES}
    assert run["normal"] == NO
    assert known(window("N" * 7, every=100))["slow"] == YES
    assert known(window("N" * 14, every=30))["fast"] == YES
    assert known(window("NNVNVNVNN"))["bigeminy"] == YES


def test_what_is_not_known_stays_open() -> None:
    assert known(window("N" * 14, AF))["AFIB"] == YES
    assert known(window("N" * 14, UNKNOWN_RHYTHM))["AFIB"] == UNSURE
    noisy = known(window("NNVN", quality=0))
    assert (noisy["NOISE"], noisy["V"], noisy["normal"]) == (YES, UNSURE, NO)


def test_a_hidden_statement_is_neither_there_nor_absent() -> None:
    found = dict(zip(CONCEPTS, concepts_of_statements(("CRBBB", "AFIB"), ("AFIB",)).tolist(), strict=True))
    assert (found["AFIB"], found["CRBBB"], found["CLBBB"], found["couplet"]) == (YES, UNSURE, NO, UNSURE)


def test_each_concept_has_phrases_and_the_new_ones_are_not_trained_on() -> None:
    rng = np.random.default_rng(0)
    for concept in CONCEPTS:
        assert len(known_phrases(concept)) >= 3
        assert len(new_phrases(concept)) >= 3
        assert not set(known_phrases(concept)) & set(new_phrases(concept))
        question = asked(concept, rng)
        assert any(phrase in question for phrase in known_phrases(concept))


def test_a_question_about_two_concepts_wants_both() -> None:
    first, second = CONCEPTS.index("V"), CONCEPTS.index("AFIB")
    concepts = np.full((4, len(CONCEPTS)), UNSURE, np.int8)
    concepts[:, [first, second]] = [(YES, YES), (YES, NO), (YES, UNSURE), (NO, UNSURE)]
    both = Questions(["both"], np.array([[first, second]]))
    assert both.answers(np.array([0]), concepts).tolist() == [[YES, NO, UNSURE, NO]]


def test_rare_concepts_are_met_in_each_batch() -> None:
    concepts = np.zeros((5000, len(CONCEPTS)), np.int8)
    concepts[7, 3] = YES
    rows = balanced_rows(concepts, 64, np.random.default_rng(0))
    assert (rows == 7).sum() >= 32


def test_the_sigmoid_loss_leaves_open_what_is_open() -> None:
    similarity, scale, bias = torch.tensor([[0.9, -0.9, 0.5]]), torch.tensor(8.0), torch.tensor(0.0)
    right, wrong = (
        sigmoid_loss(similarity, torch.tensor([answers]), scale, bias)
        for answers in ([YES, NO, UNSURE], [NO, YES, UNSURE])
    )
    assert right < 0.01 < wrong


@pytest.mark.parametrize("text", ["wide beats", "an unheard-of wordlet", "x", "no beats at all, beats"])
def test_the_hub_reads_the_towers_as_they_were_trained(text: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    tower = FindTower(["wide", "beats", "no"], 8, 16, 12).eval()
    torch.nn.init.normal_(tower.log_weight, std=0.3)
    windows = WindowTower(20, 16, 12, 0.1).eval()
    save(tower, windows, "ab" * 32, tmp_path / "find.npz")
    model = FindModel.load(tmp_path / "find.npz")
    sent = Embedding.of("ab" * 32, np.random.default_rng(0).normal(size=20).tolist())
    assert model.reads(sent)
    codes = torch.from_numpy(np.frombuffer(sent.codes, np.int8).astype(np.float32))[None]
    with torch.no_grad():
        assert np.abs(tower([text])[0].numpy() - model.of_text(text)).max() < 0.01
        assert np.abs(windows(codes).numpy() - model.of_windows([sent])).max() < 0.01


def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stage = tomllib.loads(CONFIG.read_text())["together"] | {"steps": 3}
    torch.manual_seed(0)
    model, goal = torch.nn.Linear(2, 1), torch.ones(4, 1)

    def loss() -> torch.Tensor:
        return (model(torch.ones(4, 2)) - goal).square().mean()

    run_stage("stage", model, loss, stage, tmp_path)
    run_stage("stage", model, loss, stage | {"steps": 6}, tmp_path)
    kept = torch.load(tmp_path / "stage.pt", weights_only=True)
    assert [row["step"] for row in kept["history"]] == list(range(6))
    assert kept["history"][-1]["loss"] < kept["history"][0]["loss"]
    assert (tmp_path / "stage.png").exists()


def test_a_perfect_space_scores_perfectly() -> None:
    rng, n = np.random.default_rng(0), 60
    concepts = np.zeros((n, len(CONCEPTS)), np.int8)
    concepts[::2, CONCEPTS.index("V")] = YES
    said = np.where(concepts[:, CONCEPTS.index("V")] == YES, "V", "N")
    seconds = rng.normal(size=(n, 12, 4)).astype(np.float16)
    windows = FindWindows(seconds, seconds[:, 0], concepts, said, np.full(n, ""), said)
    ecg = torch.from_numpy(np.stack([concepts[:, CONCEPTS.index("V")], np.ones(n)], axis=1)).float()
    ecg = torch.nn.functional.normalize(ecg, dim=1)
    found = scores(ecg, lambda texts: torch.tensor([[1.0, 0.0]] * len(texts)), windows)
    assert found["AUC, new words, V"] == 1.0
    assert found["R@1 text to ECG, same findings"] == 50.0
    assert directions(windows).shape == (n, 8)


def test_questions_are_about_all_concepts() -> None:
    drawn = draw_questions(2000, 0.5, np.random.default_rng(0))
    assert set(drawn.columns.ravel().tolist()) == set(range(len(CONCEPTS)))
    alone = float((drawn.columns[:, 0] == drawn.columns[:, 1]).mean())
    assert 0.4 < alone < 0.6
