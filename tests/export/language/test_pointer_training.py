"""The pointer learns from states, is exported as it was taught, and is found in the bundle."""

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from edge.errors import UserError
from edge.labels import Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.localizer_prompt import LOCATED
from edge.pointer import Pointer
from export.training.language import train_pointer
from export.training.language.pointer_net import PointerNet, Pointers, PointerSettings, Seen, learned, seen_of
from export.training.language.pointer_states import StatesOnDisk, Window

SETTINGS = PointerSettings(
    networks=1, hidden=16, steps=200, batch_size=8, learning_rate=5e-3, weight_decay=0.0, seed=1
)
WIDTH = 6


def row(number: int, onset_s: int | None, seconds: int = 10) -> dict:
    spans = {} if onset_s is None else {"V": [[float(onset_s), onset_s + 2.0]]}
    return {
        "database": "made", "record": str(number), "held_out": False, "leads": ["II"], "seconds": seconds,
        "known": ["V", "A"], "spans": spans, "first": 20 * number, "evidence": {"beats": []},
    }  # fmt: skip


def states_of(made: dict) -> np.ndarray:
    """The first number says where it is; the rest is noise."""
    states = np.random.default_rng(made["first"]).normal(0, 0.3, (1, 20, WIDTH)).astype(np.float16)
    for onset_s, end_s in made["spans"].get("V", ()):
        states[0, round(2 * onset_s) : round(2 * end_s), 0] += 3
    return states


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Two take turns waiting for each other on so small a network."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def window(made: dict) -> Window:
    return Window(made, states_of(made))


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return [window(row(i, None if i % 3 == 0 else i % 8)) for i in range(60)]


def test_states_are_kept_with_a_mark_and_found_again(tmp_path):
    StatesOnDisk(tmp_path, 40, WIDTH).keep(row(1, 2), states_of(row(1, 2)))
    again = StatesOnDisk(tmp_path, 40, WIDTH)
    assert again.has(row(1, 2))
    assert not again.has(row(0, 2))
    assert np.array_equal(again.of(row(1, 2)), states_of(row(1, 2)))


def test_it_learns_where_a_waveform_is_on_patients_that_it_does_not_know(windows):
    answers = train_pointer.unseen_answers(windows, SETTINGS)
    presence, place = train_pointer.chosen(windows, answers, Waveform.VENTRICULAR_BEAT)
    of = LOCATED.index(Waveform.VENTRICULAR_BEAT)
    scores = [
        train_pointer.iou_of(one.row, answer[of], Waveform.VENTRICULAR_BEAT, presence, place)
        for one, answer in zip(windows, answers, strict=True)
    ]
    assert np.mean(scores) > 0.8


def test_what_is_not_known_teaches_nothing(windows):
    def unlabelled(**other) -> list[Seen]:
        return [
            s for one in windows for s in seen_of(one.row | {"known": ["A"]} | other, one.states, LOCATED)
        ]

    seen, same = unlabelled(), unlabelled(spans={})
    net = learned(seen, np.full(len(seen), 1 / len(seen)), LOCATED, SETTINGS)
    again = learned(same, np.full(len(same), 1 / len(same)), LOCATED, SETTINGS)
    of_one = torch.from_numpy(windows[1].states.astype(np.float32))
    assert torch.equal(net(of_one), again(of_one))


def test_windows_are_drawn_by_waveform_and_patients_by_the_root_of_theirs():
    of_one = [Window(row(i, 2) | {"record": "one"}, states_of(row(i, 2))) for i in range(9)]
    shares = train_pointer.shares_of([*of_one, window(row(10, 2)), window(row(11, None))])
    assert shares.sum() == pytest.approx(1)
    assert shares[-1] == pytest.approx(1.8 / (1.8 + 1.5)), (
        "those without a waveform have a share of their own"
    )
    assert shares[:9].sum() == pytest.approx(3 * shares[9]), "nine windows count as three"


def test_a_pointer_is_written_into_its_bundle_and_points_as_torch_does(tmp_path):
    folder = tmp_path / "language"
    shutil.copytree(DEFAULT_LANGUAGE_BUNDLE, folder)
    width = load_language_bundle(folder).manifest.width
    net = Pointers([PointerNet(width, LOCATED, hidden=8) for _ in range(2)]).eval()
    train_pointer.write(net, dict.fromkeys(LOCATED, (0.0, 0.0)), folder)
    bundle = load_language_bundle(folder)
    answer = Pointer(bundle).answer(np.zeros((1, 20, width), np.float32), [])
    assert answer.text.split("; ") == [f"{waveform} 0.0-10.0" for waveform in LOCATED]
    (folder / "pointer.onnx").write_bytes(b"cut")
    with pytest.raises(UserError, match=r"pointer.onnx: wrong hash.*key pointer.sha256"):
        load_language_bundle(folder)
