"""What the figures were made with, and those of DS2 for the bundle's manifest."""

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from benchmarks.results import Result
from benchmarks.workplace import Workplace
from edge.bundle import load_manifest, write_manifest

PACKAGES = ("numpy", "scipy", "onnxruntime", "wfdb")
DS2_FIGURES = {
    ("beats", "QRS Se / +P"): ("Q_se", "Q_pp"),
    ("beats", "V Se / +P"): ("V_se", "V_pp"),
    ("beats", "S Se / +P"): ("S_se", "S_pp"),
    ("beats", "S Se / +P, e and j as N"): ("S_se_ej_as_N", "S_pp_ej_as_N"),
    ("rhythm", "AF by duration, Se / Sp, flutter is not AF"): ("AF_se", "AF_sp"),
    ("rhythm", "AF by duration, Se / Sp, flutter left out"): ("AF_se", "AF_sp_without_flutter"),
}
"""Names in the manifest of each number, by task and figure."""


def made_with(place: Workplace) -> dict[str, str]:
    """Models, machine and packages."""
    manifest = load_manifest(place.bundle)
    sequence = manifest.sequence.onnx_sha256 if manifest.sequence else "none"
    thresholds = sha256(manifest.thresholds.model_dump_json().encode()).hexdigest()
    hashes = {"encoder": manifest.onnx_sha256, "sequence": sequence, "thresholds": thresholds}
    said = ", ".join(f"{name} {digest[:12]}" for name, digest in hashes.items())
    return {
        "bundle": f"{manifest.name} {manifest.version}: {said}",
        "processor": _processor(),
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def into_manifest(bundle: Path, results: Mapping[str, Result]) -> None:
    """Put the gross figures of DS2 into the bundle's manifest, as `mitdb_ds2`."""
    found = {
        name: None if number is None else round(number, 2)
        for (task, what), names in DS2_FIGURES.items()
        for figure in (results[task].figures if task in results else ())
        if figure.what == what
        for name, number in zip(names, figure.ours, strict=True)
    }
    manifest = load_manifest(bundle)
    write_manifest(bundle, manifest.model_copy(update={"figures": manifest.figures | {"mitdb_ds2": found}}))


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
