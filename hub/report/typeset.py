"""pdfLaTeX, shut in: no shell, no files outside its temporary folder, a time limit, the same bytes."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hub.report.errors import ReportError

_PASSES = 2  # the second one knows the number of pages
_TIMEOUT_S = 120
_HOW_TO_INSTALL = "sudo apt-get install texlive-latex-base texlive-latex-recommended lmodern"


def typeset(source: str, pictures: Mapping[str, bytes], made_at_epoch_s: int) -> bytes:
    """The PDF of a LaTeX document and the pictures that it names; raises `ReportError`."""
    program = shutil.which("pdflatex")
    if program is None:
        raise ReportError(
            f"the report needs LaTeX, which is not installed; on Debian or Ubuntu: {_HOW_TO_INSTALL}"
        )
    with tempfile.TemporaryDirectory(prefix="hearth-report-") as folder:
        root = Path(folder)
        for name, content in pictures.items():
            (root / name).write_bytes(content)
        (root / "report.tex").write_text(source, encoding="utf-8")
        for _ in range(_PASSES):
            _run(program, root, made_at_epoch_s)
        return (root / "report.pdf").read_bytes()


def _run(program: str, root: Path, made_at_epoch_s: int) -> None:
    command = [program, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    environment = os.environ | {
        "openin_any": "p",
        "openout_any": "p",
        "TEXMFOUTPUT": ".",
        "SOURCE_DATE_EPOCH": str(made_at_epoch_s),
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000",
    }
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed program with fixed arguments
            command, cwd=root, env=environment, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"LaTeX did not finish within {_TIMEOUT_S} s and was stopped") from error
    if done.returncode != 0:
        raise ReportError(f"LaTeX failed: {_error_line(done.stdout.decode(errors='replace'))}")


def _error_line(log: str) -> str:
    """The first line that LaTeX marks as an error, with what it was reading."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("!"):
            where = next((later for later in lines[number:] if later.startswith("l.")), "")
            return f"{line[1:].strip()} {where}".strip()
    return lines[-1] if lines else "no message"
