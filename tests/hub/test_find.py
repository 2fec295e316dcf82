"""Ranking a history by what its moments look like."""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.embedding import Embedding
from edge.events import EpisodeEvent, MinuteEvent, Strip
from edge.labels import FINDING_NAMES, BeatClass, Finding, Priority
from hub.commands import find as command
from hub.find import LONGEST_QUESTION, FindError, checked_question, find
from hub.find_model import FIND_MODEL, FindModel, FindModelError, find_model
from hub.find_names import named_findings
from hub.records import Minute
from hub.store import Store

T0 = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
NAMESPACE = UUID("6f3c0f8e-2d3a-4c83-9a5e-6f0a4f1f2b11")
IDS = {"device_id": "strap-1", "patient_id": "anna", "recording_id": uuid5(NAMESPACE, "recording")}


def embedding(seed, model=None):
    model = model or find_model().model
    return Embedding.of(model, np.random.default_rng(seed).normal(size=find_model().width).tolist())


def episode(name, finding, at_s, embedded):
    return EpisodeEvent(
        **IDS,
        event_id=uuid5(NAMESPACE, f"{name}/0"),
        episode_id=uuid5(NAMESPACE, name),
        phase="new",
        finding=finding,
        priority=Priority.LOW,
        onset_at=T0 + timedelta(seconds=at_s),
        observed_until_at=T0 + timedelta(seconds=at_s + 10),
        confidence=0.9,
        seen_by=("encoder", "rule"),
        strip=Strip(lead="I", fs_hz=130.0, start_at=T0, samples_uv=(1, 2, 3)),
        embedding=embedded,
    )


def minute(number, embedded):
    return MinuteEvent(
        **IDS,
        event_id=uuid5(NAMESPACE, f"minute/{number}"),
        start_at=T0 + timedelta(minutes=number),
        wear_s=60,
        analysable_s=60,
        beats={BeatClass.NORMAL: 70},
        rhythm_s={},
        embedding=embedded,
    )


EVENTS = [
    episode("a", Finding.PAUSE, 5, embedding(1)),
    episode("b", Finding.VENTRICULAR_RUN, 65, embedding(2)),
    episode("c", Finding.VENTRICULAR_RUN, 125, embedding(3)),
    *[minute(n, embedding(10 + n)) for n in range(6)],
]


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as opened:
        for event in EVENTS:
            opened.add_event(event, T0)
        yield opened


def seen(store):
    period = ("anna", T0 - timedelta(days=1), T0 + timedelta(days=1))
    return store.episodes(*period), store.minutes(*period)


def test_embeddings_go_in_and_come_back(store):
    episodes, minutes = seen(store)
    assert [one.embedding for one in episodes] == [event.embedding for event in EVENTS[:3]]
    assert [one.embedding for one in minutes] == [event.embedding for event in EVENTS[3:]]


def test_a_shorter_strip_does_not_bring_its_embedding(store):
    later = EVENTS[0].model_copy(
        update={
            "event_id": uuid5(NAMESPACE, "later"),
            "phase": "update",
            "strip": EVENTS[0].strip.model_copy(update={"samples_uv": (1,)}),
            "embedding": embedding(99),
        }
    )
    store.add_event(later, T0)
    assert store.episode(later.episode_id).embedding == EVENTS[0].embedding


def test_named_episodes_come_first_then_all_by_similarity(store):
    answer = find("runs of wide beats", *seen(store), find_model())
    assert [hit.finding for hit in answer.hits[:2]] == [Finding.VENTRICULAR_RUN] * 2
    assert [hit.is_named for hit in answer.hits] == [True] * 2 + [False] * (len(answer.hits) - 2)
    for part in (answer.hits[:2], answer.hits[2:]):
        assert [hit.similarity for hit in part] == sorted((hit.similarity for hit in part), reverse=True)
    assert sorted(hit.place for hit in answer.hits) == list(range(1, answer.compared + 1))


def test_minutes_that_an_episode_touches_are_left_out(store):
    answer = find("something else", *seen(store), find_model())
    minutes = [hit.at for hit in answer.hits if hit.kind == "minute"]
    assert sorted(minutes) == [T0 + timedelta(minutes=n) for n in (3, 4, 5)]


def test_a_named_episode_without_embedding_is_still_found(store):
    store.add_event(episode("old", Finding.PAUSE, 600, None), T0)
    answer = find("pauses", *seen(store), find_model())
    first, second = answer.hits[:2]
    assert (first.finding, first.similarity is None) == (Finding.PAUSE, False)
    assert (second.finding, second.similarity, second.place) == (Finding.PAUSE, None, None)
    assert answer.without_embedding == 1


def test_vectors_of_another_encoder_never_mix(store):
    episodes, minutes = seen(store)
    other = [replace(one, embedding=embedding(1, "f" * 12)) for one in episodes]
    answer = find("all is well", other, minutes, find_model())
    assert answer.other_model == 3
    assert {hit.kind for hit in answer.hits} == {"minute"}
    with pytest.raises(FindError, match="another encoder"):
        find("all is well", other, [], find_model())


def test_an_empty_history_and_one_without_embeddings_say_so(store):
    episodes, _ = seen(store)
    with pytest.raises(FindError, match="--since"):
        find("normal", [], [], find_model())
    with pytest.raises(FindError, match="did not send any"):
        find("normal", [replace(one, embedding=None) for one in episodes], [], find_model())


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("", "empty"),
        ("  \u00a0 ", "empty"),
        ("a" * (LONGEST_QUESTION + 1), "at most"),
        ("wide\x1b[2Jbeats", "control"),
        ("wide\nbeats", "control"),
        ("\ud800", "control"),
        ("心房細動", "no word"),
        ("?!", "no word"),
    ],
)
def test_bad_questions_are_told_in_one_line(question, problem):
    with pytest.raises(FindError, match=problem) as raised:
        checked_question(question)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=220))
def test_any_question_is_answered_or_refused(question):
    minutes = [
        Minute(T0 + timedelta(minutes=n), 60, 60, {}, {}, None, None, None, None, embedding(n))
        for n in range(3)
    ]
    try:
        answer = find(question, [], minutes, find_model())
    except FindError:
        return
    assert len(answer.hits) == 3
    assert all(-1.001 <= hit.similarity <= 1.001 for hit in answer.hits)


@pytest.mark.parametrize(
    ("question", "findings"),
    [
        ("runs of wide beats", {Finding.VENTRICULAR_RUN, Finding.VENTRICULAR_TACHYCARDIA}),
        ("Irregular rhythm without P waves", {Finding.ATRIAL_FIBRILLATION}),
        ("ventricular tachycardia last night", {Finding.VENTRICULAR_TACHYCARDIA}),
        ("tachycardia", {Finding.TACHYCARDIA}),
        ("two PVCs in a row", {Finding.VENTRICULAR_COUPLET}),
        ("pauses and a slow heart", {Finding.PAUSE, Finding.BRADYCARDIA}),
        ("no atrial fibrillation", set()),
        ("all is well", set()),
        ("half of it", set()),
    ],
)
def test_what_a_question_names(question, findings):
    assert set(named_findings(question).findings) == findings


def test_every_finding_has_its_own_name():
    for finding, name in FINDING_NAMES.items():
        words = name.replace("signal not", "not")
        assert finding in named_findings(words).findings, name


def test_similar_words_lie_near_each_other():
    model = find_model()
    slow, pulse, noise = (
        model.of_text(text) for text in ("slow heart rate", "low pulse", "bad electrode contact")
    )
    assert slow @ pulse > slow @ noise
    assert np.isclose(np.linalg.norm(model.of_text("zzyzzx qwrtp")), 1, atol=1e-3)


def test_the_towers_belong_to_the_encoder_of_the_package():
    from edge.bundle import DEFAULT_BUNDLE, load_manifest

    manifest = load_manifest(DEFAULT_BUNDLE)
    assert find_model().model == manifest.onnx_sha256[:12]
    assert find_model().width == 2 * manifest.embedding_width
    assert FIND_MODEL.stat().st_size < 1_100_000


def test_a_file_that_is_no_model_is_told(tmp_path):
    path = tmp_path / "find.npz"
    with pytest.raises(FindModelError, match="missing"):
        FindModel.load(path)
    path.write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(FindModelError, match="not the towers"):
        FindModel.load(path)
    np.savez(path, vocabulary=np.zeros(3, np.uint8))
    with pytest.raises(FindModelError, match="not the towers"):
        FindModel.load(path)


def ask(tmp_path, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([*words, "--config", str(tmp_path / "hub.toml")]))


@pytest.fixture
def config(tmp_path, store, hub_toml):
    hub_toml("anna")
    return tmp_path


def test_the_command_prints_hits_and_why(config, capsys):
    assert ask(config, "runs of wide beats", "--since", "2026-01-01", "--latest", "3", "--why") == 0
    said = capsys.readouterr().out
    assert '"runs of wide beats" names' in said
    assert said.count("ventricular run  ") == 2
    assert "2026-01-05 08:01:05Z *" in said
    assert "by similarity alone" in said
    assert "less similar ones are not shown" in said


def test_the_command_speaks_json(config, capsys):
    ask(config, "pauses", "--since", "2026-01-01", "--json", "--latest", "2")
    said = json.loads(capsys.readouterr().out)
    assert said["named"] == ["pause"]
    assert [hit["is_named"] for hit in said["hits"]] == [True, False]
    assert said["hits"][0]["short_id"] == str(EVENTS[0].episode_id)[:8]


def test_the_command_says_that_nothing_is_like_a_pizza(config, capsys):
    assert ask(config, "pizza", "--since", "2026-01-01", "--why") == 1
    said = capsys.readouterr().out
    assert said.startswith("nothing in the history is like that: ")
    assert said.count("\n") == 1
    assert ask(config, "pizza", "--since", "2026-01-01", "--json") == 1
    assert json.loads(capsys.readouterr().out)["hits"] == []


def test_the_command_refuses_a_stranger(config):
    from hub.config import ConfigError

    with pytest.raises(ConfigError, match="known are: anna"):
        ask(config, "pauses", "--patient", "bert")
