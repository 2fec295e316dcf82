"""How long the language model takes for a strip of ten seconds, how fast it speaks, and what memory it needs.

    python -m benchmarks.language_speed --data DIR [--threads 1]

Speed of speaking is beside llama.cpp alone on the same files: single tokens decoded one after the other, as
its own benchmark does, without sampling. Each number of threads is a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.bundle import DEFAULT_BUNDLE
from edge.ecg_prompt import EcgPlace
from edge.errors import UserError
from edge.llama_session import LlamaSession
from edge.localizer_request import LocalizerRequest

Float32 = npt.NDArray[np.float32]

_RECORD, _START_S, _WINDOW_S = "100", 600, 10
_REPEATS = 7


def run(place: Workplace) -> Result:
    """One thread and two."""
    rows = {f"{n} threads" if n > 1 else "1 thread": _measured(place, n) for n in (1, 2)}
    one = rows["1 thread"]
    share = float(one["answer tokens/s"] or 0) / float(one["llama.cpp alone tokens/s"] or 1)
    return Result(
        "language-speed",
        "Language model: time, speed and memory",
        "python -m benchmarks.figures --data DIR --only language-speed",
        (
            f"A strip of {_WINDOW_S} s of mitdb {_RECORD}, located and reported, measurements in the"
            f" prompt; median"
            f" of {_REPEATS}. Memory is the largest of the whole process: encoder, projector and"
            f" language model.",
        ),
        [
            Figure(
                "Seconds for a strip, one thread",
                (float(one["strip s"] or 0),),
                "",
                (3.0,),
                is_ceiling=True,
                unit="s",
            ),
            Figure("Speaking, share of llama.cpp alone", (round(100 * share, 1),), "", (90.0,)),
            Figure("Memory", (float(one["memory MB"] or 0),), "", (400.0,), is_ceiling=True, unit="MB"),
        ],
        [Table("By threads", "Threads", rows)],
    )


def _measured(place: Workplace, threads: int) -> dict[str, Cell]:
    command = [sys.executable, "-m", "benchmarks.language_speed", "--data", str(place.data)]
    done = subprocess.run(
        [*command, "--threads", str(threads)], check=False, capture_output=True, text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"language-speed: {(done.stderr.strip().splitlines() or ['died'])[-1]}")
    found: dict[str, Cell] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(data: Path, threads: int) -> dict[str, Cell]:
    """In this process."""
    import wfdb

    from edge.encoder import Encoder
    from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
    from edge.language_model import default_path
    from edge.localizer import Localizer
    from edge.localizer_prompt import look_at
    from edge.raw_ecg import RawEcg
    from edge.signal_reader import SignalReader

    header = wfdb.rdheader(str(data / "mitdb" / _RECORD))
    first = int(_START_S * header.fs)
    stop = first + int(_WINDOW_S * header.fs)
    record = wfdb.rdrecord(str(data / "mitdb" / _RECORD), channels=[0], sampfrom=first, sampto=stop)
    ecg_uv = np.round(record.p_signal * 1000).astype(np.int32)
    ecg = RawEcg(ecg_uv, float(record.fs), tuple(record.sig_name))
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    evidence = SignalReader(Encoder(DEFAULT_BUNDLE), bundle).read(ecg).evidence
    localizer = Localizer(default_path(), DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE, threads)
    request = look_at(ecg, evidence)
    strips = []
    for _ in range(1 + _REPEATS):
        began = time.perf_counter()
        localizer.answers(request.ecgs, request.beginning, request.branches)
        strips.append(time.perf_counter() - began)
    memory_mb = _peak_mb()
    del localizer
    session = LlamaSession(default_path(), bundle.adapter, threads)
    rows = SignalReader(Encoder(DEFAULT_BUNDLE), bundle).read(ecg).rows
    rates = [_rates(session, request, rows) for _ in range(_REPEATS)]
    return {
        "strip s": round(median(strips[1:]), 2),
        "answer tokens/s": round(median(rate for rate, _ in rates), 1),
        "llama.cpp alone tokens/s": round(median(rate for _, rate in rates), 1),
        "memory MB": round(memory_mb),
    }


def _peak_mb() -> float:
    """Of this program; `getrusage` would count what the parent had when it forked."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _rates(session: LlamaSession, request: LocalizerRequest, rows: Float32) -> tuple[float, float]:
    """Tokens a second of both answers under their grammars, and of as many tokens by llama.cpp alone."""
    session.take_back()
    for part in request.beginning:
        session.feed(rows if isinstance(part, EcgPlace) else part)
    shared, said, spoken_s, bare_s = session.position, 0, 0.0, 0.0
    for branch in request.branches:
        session.take_back(shared)
        logits = session.feed(branch.text)
        answered = session.position
        began = time.perf_counter()
        n = len(list(session.generate(logits, branch.grammar, branch.max_tokens)))
        spoken_s += time.perf_counter() - began
        session.take_back(answered)
        bare_s += _bare_s(session, n)
        said += n
    return said / spoken_s, said / bare_s


def _bare_s(session: LlamaSession, n: int) -> float:
    """Seconds of llama.cpp for single tokens, one after the other, without choosing them."""
    import ctypes

    import llama_cpp

    token = (llama_cpp.llama_token * 1)(session.ids("a")[0])
    began = time.perf_counter()
    for _ in range(n):
        llama_cpp.llama_decode(session.context, llama_cpp.llama_batch_get_one(token, ctypes.c_int32(1)))
    return time.perf_counter() - began


def main() -> int:
    """One measurement, as a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.data, arguments.threads)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
