"""The hub runs on a small computer: what it loads is looked at in a clean interpreter."""

import subprocess
import sys

import pytest

HEAVY = ("onnxruntime", "bleak", "torch", "textual", "scipy", "numpy", "wfdb", "pylatex", "edge.pipeline")


@pytest.mark.parametrize(
    "modules",
    [
        "hub.ingest, hub.store",
        "hub.service, hub.broker",
        "hub.status",
        "hub.commands.hub, hub.commands.status",
        "hub.ask.answering, hub.ask_client, hub.knowledge_index",
    ],
)
def test_the_server_side_loads_nothing_heavy(modules):
    code = f"import sys, {modules}; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_subcommand_loads_no_database_before_it_runs():
    heavy = ("sqlalchemy", "amqtt", "paho", "alembic")
    code = (
        f"import sys, hub.commands.hub, hub.commands.status; print([n for n in {heavy} if n in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
