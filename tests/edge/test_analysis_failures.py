"""An analysis that raises or hangs: the recorder goes on, and as much is told as without the fault."""

import asyncio
import threading
import time
from functools import partial

import pytest

from edge.analyst import AnalysisFailed, Analyst, to_its_end
from edge.events import decode_event
from edge.messages import MessageWriter
from edge.outbox import Outbox
from edge.pipeline import Pipeline
from edge.recorder import RecorderSettings
from edge.recording_folder import new_recording
from edge.sample_clock import SampleClock
from edge.segment_files import read_blocks
from edge.session import Session
from edge.stream import NS_PER_S
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

FS_HZ, START_NS = 360, 1_760_000_040 * NS_PER_S
DEVICE = Device("record 208", FS_HZ, ("MLII",), 1000.0)
SECONDS = 100


class Faulty:
    """The real pipeline, but for the blocks that begin at the seconds of `faults`."""

    def __init__(self, encoder, faults) -> None:
        self._pipeline, self._faults = Pipeline(encoder, FS_HZ, 1), faults

    def feed(self, block):
        outputs = self._pipeline.feed(block)
        second = block.first_index // FS_HZ
        if second in self._faults:
            self._faults[second] -= 1
            if not self._faults[second]:
                del self._faults[second]
            if second % 2:
                time.sleep(3)  # longer than the deadline
            else:
                raise RuntimeError("the model broke")
        return outputs

    def __getattr__(self, name):
        return getattr(self._pipeline, name)


async def run(tmp_path, encoder, uv, faults):
    """All events of a recording; `faults` says at which seconds the analysis fails how often."""
    outbox = Outbox(tmp_path / "outbox.sqlite")
    recording = new_recording(tmp_path, "replay:208", DEVICE)
    writer = MessageWriter("d", "p", recording.recording_id, FS_HZ, recording.leads, {})
    one = Session(
        recording, partial(Faulty, encoder, faults), RecorderSettings(), outbox, writer, lambda _: None
    )
    one._analyst._stalled_s = 1.0
    clock = SampleClock(DEVICE, START_NS)
    for first in range(0, len(uv), FS_HZ):
        block = one.record(SampleBlock(uv[first : first + FS_HZ]), clock, START_NS)
        await one.analyse(block)
    await one.finish()
    assert sum(len(block.ecg_uv) for block in read_blocks(recording.folder, 1)) == len(uv)
    told = [decode_event(row.payload) for row in outbox.unsent(10_000)]
    outbox.close()
    return told


def content(events):
    """What is told of the heart, without the ids that are of one recording."""
    kept = {"kind", "finding", "onset_at", "end_at", "phase", "start_at", "beats", "priority"}
    return sorted(str(e.model_dump(include=kept)) for e in events if e.kind in {"episode", "minute"})


@pytest.fixture
def uv(toy_uv):
    return toy_uv[: SECONDS * FS_HZ]


@pytest.mark.parametrize("second", [40, 71], ids=["raises", "stalls"])
async def test_one_failure_changes_nothing_that_is_told(tmp_path, encoder, uv, second) -> None:
    calm = await run(tmp_path / "calm", encoder, uv, {})
    shaken = await run(tmp_path / "shaken", encoder, uv, {second: 1})
    assert content(shaken) == content(calm)
    (notice,) = [e for e in shaken if e.kind == "notice"]
    assert notice.code == "analysis_restarted"
    assert notice.text == ("no answer for 1 s" if second % 2 else "the model broke")


async def test_a_block_that_always_fails_is_left_out_and_told(tmp_path, encoder, uv) -> None:
    shaken = await run(tmp_path, encoder, uv, {40: 1000})
    notices = [e for e in shaken if e.kind == "notice"]
    assert notices[-1].text.endswith("the model broke; 1.0 s could not be analysed")
    assert [e for e in shaken if e.kind == "minute"]


async def test_what_is_begun_is_brought_to_its_end() -> None:
    done = threading.Event()

    async def work() -> None:
        await asyncio.sleep(0.2)
        done.set()

    task = asyncio.create_task(to_its_end(work()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


async def test_after_a_hanging_call_the_next_pipeline_answers(encoder) -> None:
    analyst = Analyst(lambda: Pipeline(encoder, FS_HZ, 1), stalled_s=0.3)
    with pytest.raises(AnalysisFailed, match=r"no answer for 0.3 s"):
        await analyst.run(lambda _: threading.Event().wait(2))
    analyst.renew()
    assert await analyst.run(lambda pipeline: pipeline.next_index) == 0
