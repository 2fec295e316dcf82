"""From a real recording to the answer of `hearth find`: pipeline, wire, hub, ranking."""

import argparse
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from edge.analysis import analyse
from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.events import encode
from edge.labels import Finding
from edge.messages import MessageWriter
from edge.topics import event_topic
from firmware_bridge.recordings import open_recording
from hub.commands import find as command
from hub.demo.recording import write_toy_recording
from hub.ingest import Message, ingest
from hub.store import Store

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    """Five minutes of MIT-BIH 208, sent and stored."""
    folder = tmp_path_factory.mktemp("household")
    recording = open_recording(write_toy_recording(folder / "toy").path)
    encoder = Encoder(DEFAULT_BUNDLE)
    sha = encoder.manifest.onnx_sha256
    writer = MessageWriter("strap", "anna", uuid4(), recording.fs_hz, recording.leads, {}, sha)
    found = analyse(recording, encoder)
    with Store.open(f"sqlite:///{folder / 'hub.db'}") as store:
        for output in (*found.episodes, *found.minutes):
            event = writer.output(output)
            message = Message(event_topic("strap", event.kind), encode(event), NOW)
            assert ingest(store, {"strap": "anna"}, message).kind == "stored"
    (folder / "hub.password").write_text("secret")
    (folder / "hub.password").chmod(0o600)
    (folder / "hub.toml").write_text(
        '[hub]\ndatabase = "hub.db"\n[mqtt]\npassword_file = "hub.password"\n'
        '[[patients]]\nid = "anna"\nname = "Anna"\n'
        '[[devices]]\nid = "strap"\npatient = "anna"\npassword_file = "hub.password"\n'
    )
    return folder


def ask(household, capsys, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = [*words, "--config", str(household / "hub.toml"), "--since", "1970-01-01", "--json"]
    assert command.run(parser.parse_args(arguments)) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.end_to_end
def test_a_named_finding_is_found_and_every_episode_is_compared(household, capsys):
    said = ask(household, capsys, "pairs of wide beats", "--latest", "1000")
    assert said["named"] == [Finding.VENTRICULAR_COUPLET]
    assert said["hits"][0]["finding"] == Finding.VENTRICULAR_COUPLET
    assert said["compared"] == len(said["hits"])
    assert (said["other_model"], said["without_embedding"]) == (0, 0)


@pytest.mark.end_to_end
def test_words_that_name_nothing_lead_to_what_they_look_like(household, capsys):
    ugly, calm = (
        ask(household, capsys, question, "--latest", "1000")
        for question in ("big ugly extra beats", "quiet and calm")
    )
    assert not ugly["named"]
    ventricular = [hit for hit in ugly["hits"][:5] if (hit["finding"] or "").startswith("ventricular")]
    assert len(ventricular) >= 4
    places = [
        {(hit["at"], hit["finding"]): hit["similarity"] for hit in said["hits"]} for said in (ugly, calm)
    ]
    assert sum(places[0].values()) > sum(places[1].values())
