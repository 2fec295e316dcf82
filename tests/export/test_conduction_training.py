"""The training of the bundle branch reader: two leads as witness, even draws, and a model that learns."""

import numpy as np
import pytest

from edge.beat_shape import SHAPE_BEFORE, SHAPE_SAMPLES
from edge.conduction import CONDUCTION_FILE, ConductionModel
from export.training.conduction_draws import ShapeDraws
from export.training.conduction_records import ConductionShape
from export.training.records import UNKNOWN
from export.training.train_conduction import answers_of, by_patient, report, train, write_onnx
from export.training.witness_lead import LEFT, NEITHER, RIGHT, block_by_witness, qrs_of_both

_T = np.arange(SHAPE_SAMPLES) - SHAPE_BEFORE
_SETTINGS = {
    "data": {"classes": [0.4, 0.3, 0.3], "mitdb": 2.0, "drawn": 600},
    "augment": {
        "plain": 0.5,
        "mixed": {"V": 0.1},
        "scale": 0.05,
        "shift_samples": 1.0,
        "drift": 0.03,
        "noise": 0.01,
        "t_wave": 0.2,
    },
    "model": {"width": 8, "networks": 2},
    "optimizer": {"steps": 120, "batch_size": 64, "learning_rate": 5e-3, "weight_decay": 0.05, "seed": 1},
    "validation": {"folds": 3},
}


def wave(at: float, width: float, height: float) -> np.ndarray:
    return height * np.exp(-(((_T - at) / width) ** 2))


def leads_of(block: int) -> np.ndarray:
    """Lead II and V of textbook shapes."""
    if block == NEITHER:
        pair = wave(0, 2, 1), wave(-1, 1.5, 0.3) + wave(1, 2, -0.8)
    elif block == LEFT:
        pair = wave(0, 6, 1) + wave(30, 10, -0.3), wave(0, 6, -1)
    else:
        pair = wave(-2, 2, 1) + wave(6, 5, -0.5), wave(-3, 2, 0.3) + wave(0, 1.5, -0.3) + wave(7, 4, 1)
    return np.stack(pair).astype(np.float32)


def known() -> list[ConductionShape]:
    return [
        ConductionShape(f"p{block}{i}", block, ("II", "V"), leads_of(block) * (1 + i / 5))
        for block in (NEITHER, LEFT, RIGHT)
        for i in range(4)
    ]


@pytest.mark.parametrize("block", [NEITHER, LEFT, RIGHT])
def test_lead_v_bears_witness(block: int) -> None:
    assert block_by_witness(*leads_of(block)) == block
    assert block_by_witness(*(5 * leads_of(block))) == block


def test_no_witness_where_a_lead_is_flat() -> None:
    lead_ii, lead_v = leads_of(LEFT)
    assert block_by_witness(lead_ii, 0.01 * lead_v) == UNKNOWN


def test_a_wide_qrs_is_longer() -> None:
    assert qrs_of_both(*leads_of(LEFT)).ms > qrs_of_both(*leads_of(NEITHER)).ms > 30


def test_draws_are_even_over_patients_and_repeat() -> None:
    many = known() + [ConductionShape("p00", NEITHER, ("II",), leads_of(NEITHER)[:1])] * 200
    shapes, blocks = ShapeDraws(many, _SETTINGS, 5).draw(900)
    again, _ = ShapeDraws(many, _SETTINGS, 5).draw(900)
    np.testing.assert_array_equal(shapes, again)
    assert np.bincount(blocks) / 900 == pytest.approx([0.4, 0.3, 0.3], abs=0.06)
    heights = np.ptp(shapes[blocks == NEITHER], axis=1)
    assert (heights > 1.25).mean() > 0.4  # the other three patients are not crowded out


def test_it_learns_and_the_edge_gives_the_same(tmp_path) -> None:
    model = train(known(), _SETTINGS)
    found = answers_of(model, known())
    assert found.argmax(axis=1).tolist() == [one.block for one in known()]
    write_onnx(model, tmp_path / CONDUCTION_FILE)
    first = np.stack([one.shapes[0] for one in known()])
    np.testing.assert_allclose(ConductionModel(tmp_path).probabilities(first), found, atol=1e-5)
    scores = report(by_patient(known(), found))
    assert scores["L"]["auc"] == scores["R"]["auc"] == 1
