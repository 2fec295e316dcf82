"""Each import rule of the design, in a clean interpreter."""

import subprocess
import sys

import pytest

HEAVY = [
    "torch",
    "transformers",
    "optimum",
    "onnxruntime",
    "llama_cpp",
    "bleak",
    "bumble",
    "serial",
    "textual",
    "sqlalchemy",
    "paho",
    "pylatex",
    "amqtt",
    "wfdb",
    "pandas",
    "neurokit2",
]

RULES = [
    ("edge.events, edge.labels", set()),
    ("edge.command_line", set()),
    ("edge.pipeline", {"onnxruntime"}),
    ("edge.analysis", {"onnxruntime"}),
    ("edge.service", {"onnxruntime", "paho"}),
    ("edge.localizer", {"onnxruntime", "llama_cpp"}),
    ("edge.localizer_process, edge.localizer_desk", set()),
    ("firmware_bridge.transports, firmware_bridge.devices, firmware_bridge.recordings", set()),
    ("edge.commands.edge, edge.commands.analyze, edge.commands.models", set()),
    (
        "hub.commands.hub, hub.commands.status, hub.commands.demo, hub.commands.report, hub.commands.tui",
        set(),
    ),
    ("firmware_bridge.commands.devices, export.commands.export", set()),
]


@pytest.mark.parametrize(("modules", "allowed"), RULES, ids=[rule[0] for rule in RULES])
def test_loads_nothing_heavy(modules: str, allowed: set[str]) -> None:
    program = f"import sys, {modules}; print(*(set(sys.modules) & {set(HEAVY)!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= allowed


def test_the_wire_contract_needs_pydantic_alone() -> None:
    program = "import sys, edge.events, edge.labels; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    third_party = {
        name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")
    }
    assert third_party - {"edge"} <= {
        "pydantic",
        "pydantic_core",
        "annotated_types",
        "typing_extensions",
        "typing_inspection",
        "sitecustomize",
        "usercustomize",
    }
