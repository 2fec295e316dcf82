import numpy as np
import pytest

from edge.labels import BeatClass, Finding
from edge.pipeline import Pipeline
from edge.stream import Beat, EpisodeStep, MinuteSummary, Output, RhythmChange

FS_HZ = 360


def run(encoder, blocks, n_leads: int = 1, *, restart_every: int = 0) -> list[Output]:
    pipeline, outputs = Pipeline(encoder, FS_HZ, n_leads), []
    for i, block in enumerate(blocks):
        outputs += pipeline.feed(block)
        if restart_every and i % restart_every == 0:
            snapshot, pipeline = pipeline.snapshot(), Pipeline(encoder, FS_HZ, n_leads)
            pipeline.restore(snapshot)
    return outputs + pipeline.flush()


def facts(outputs: list[Output]) -> list[object]:
    """Everything but strips, whose arrays do not compare, and times below a microsecond."""
    return [_fact(output) for output in outputs]


def _fact(output: Output) -> object:
    match output:
        case Beat():
            return output.index, output.beat_class, output.confidence, output.rr_ms
        case EpisodeStep():
            strip = () if output.strip is None else (output.strip.first_index, output.strip.ecg_uv.tobytes())
            return (
                output.phase,
                output.span.finding,
                output.span.onset_index,
                tuple(output.beats.items()),
                strip,
            )
        case RhythmChange() | MinuteSummary():
            return output


def beats(outputs: list[Output]) -> list[Beat]:
    return [output for output in outputs if isinstance(output, Beat)]


@pytest.fixture(scope="module")
def whole(encoder, toy_uv, cut) -> list[Output]:
    return run(encoder, cut(toy_uv, FS_HZ, [len(toy_uv)]))


@pytest.mark.parametrize("sizes", [[1, 7, 100], [73], [360], [5000, 3]])
def test_streaming_equals_batch_whatever_the_chunks(encoder, toy_uv, cut, whole, sizes) -> None:
    assert facts(run(encoder, cut(toy_uv, FS_HZ, sizes))) == facts(whole)


def test_a_restart_between_any_two_blocks_changes_nothing(encoder, toy_uv, cut, whole) -> None:
    assert facts(run(encoder, cut(toy_uv, FS_HZ, [500, 61]), restart_every=3)) == facts(whole)


def test_real_ventricular_beats_are_found(whole) -> None:
    """The first 90 s of the five minutes of MIT-BIH 208: 129 N, 22 F, 11 V and 1 Q by its annotators."""
    counts = [beat.beat_class for beat in beats(whole)]
    assert 158 <= len(counts) <= 166
    wide = counts.count(BeatClass.VENTRICULAR) + counts.count(BeatClass.FUSION)
    assert 20 <= wide <= 45


def unmatched(found: list[Output], expected: list[Output]) -> int:
    """Beats of either that the other lacks, to 50 ms."""
    ours, theirs = ([beat.index for beat in beats(outputs)] for outputs in (found, expected))
    distance = np.abs(np.subtract.outer(ours, theirs))
    return int((distance.min(axis=0) > 18).sum() + (distance.min(axis=1) > 18).sum())


def test_minutes_hold_every_beat_that_is_whole(whole) -> None:
    minutes = [output for output in whole if isinstance(output, MinuteSummary)]
    *whole_beats, last = beats(whole)
    assert (last.beat_class, last.index + 0.15 * FS_HZ > 90 * FS_HZ) == (BeatClass.UNKNOWN, True)
    assert sum(sum(minute.beats.values()) for minute in minutes) == len(whole_beats)
    assert sum(minute.wear_s for minute in minutes) == pytest.approx(90.0, abs=0.01)


def test_every_episode_ends_once_and_gets_a_whole_strip(whole) -> None:
    steps = [output for output in whole if isinstance(output, EpisodeStep)]
    keys = [(s.span.finding, s.span.onset_index) for s in steps if s.phase == "new"]
    assert keys
    assert len(keys) == len(set(keys))
    assert sorted(keys) == sorted((s.span.finding, s.span.onset_index) for s in steps if s.phase == "end")
    last_strip = {(s.span.finding, s.span.onset_index): s.strip for s in steps if s.strip is not None}
    assert last_strip.keys() == set(keys)
    for (_, onset), strip in last_strip.items():
        assert 0 <= onset - strip.first_index <= 5 * FS_HZ
        assert len(strip.ecg_uv) == 10 * FS_HZ or strip.first_index + len(strip.ecg_uv) == 90 * FS_HZ
        assert strip.beats[-1].index > strip.first_index + len(strip.ecg_uv) - 2 * FS_HZ


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_a_silent_heart_is_a_pause_before_the_next_beat(encoder, toy_uv, cut, share) -> None:
    """Eight seconds without a beat, quiet or with a little noise, in readable signal."""
    silent, rng = toy_uv.copy(), np.random.default_rng(3)
    stretch = slice(40 * FS_HZ, 48 * FS_HZ)
    silent[stretch] = -250 + rng.normal(0, 12 + 1000 * share, (8 * FS_HZ, 1))
    pipeline, told_at = Pipeline(encoder, FS_HZ, 1), {}
    for block in cut(silent, FS_HZ, [180]):
        for output in pipeline.feed(block):
            if isinstance(output, EpisodeStep) and output.span.finding is Finding.PAUSE:
                told_at[output.phase] = block.first_index / FS_HZ
    assert 42 <= told_at["new"] <= 48
    assert 48 <= told_at["end"] <= 53


def test_rate_is_not_shown_when_beats_have_stopped(encoder, toy_uv, cut) -> None:
    silent, rng = toy_uv.copy(), np.random.default_rng(3)
    silent[40 * FS_HZ :] = -250 + rng.normal(0, 12, (len(silent) - 40 * FS_HZ, 1))
    pipeline = Pipeline(encoder, FS_HZ, 1)
    for block in cut(silent[: 55 * FS_HZ], FS_HZ, [180]):
        pipeline.feed(block)
    assert pipeline.vitals.heart_rate_bpm is None


def test_a_lost_link_ends_what_is_open_at_once(encoder, toy_uv, cut) -> None:
    pipeline = Pipeline(encoder, FS_HZ, 1)
    outputs = [o for block in cut(toy_uv[: 41 * FS_HZ], FS_HZ, [500]) for o in pipeline.feed(block)]
    before = len(beats(outputs))
    outputs += pipeline.interrupt()
    assert len(beats(outputs)) > before
    assert pipeline.interrupt() == []
    phases = [o.phase for o in outputs if isinstance(o, EpisodeStep)]
    assert phases.count("new") == phases.count("end")


@pytest.mark.parametrize("gain", [0.4, 2.5])
def test_gain_does_not_matter_much(encoder, toy_uv, cut, whole, gain) -> None:
    scaled = np.round(toy_uv * gain).astype(np.int32)
    assert unmatched(run(encoder, cut(scaled, FS_HZ, [999])), whole) <= 4


def test_an_offset_does_not_matter(encoder, toy_uv, cut, whole) -> None:
    assert unmatched(run(encoder, cut(toy_uv + 5000, FS_HZ, [999])), whole) == 0


@pytest.mark.parametrize("n_leads", [2, 3])
def test_more_leads(encoder, toy_uv, cut, whole, n_leads) -> None:
    leads = np.repeat(toy_uv, n_leads, axis=1)
    found = run(encoder, cut(leads, FS_HZ, [999]), n_leads)
    assert abs(len(beats(found)) - len(beats(whole))) <= 3


def test_flat_and_saturated_signal_has_no_beats_and_is_no_pause(encoder, toy_uv, cut) -> None:
    broken = toy_uv.copy()
    broken[30 * FS_HZ : 50 * FS_HZ] = broken[30 * FS_HZ]
    broken[60 * FS_HZ : 70 * FS_HZ] = 32767
    outputs = run(encoder, cut(broken, FS_HZ, [999]))
    assert not [b for b in beats(outputs) if 31 * FS_HZ < b.index < 49 * FS_HZ]
    assert not [b for b in beats(outputs) if 61 * FS_HZ < b.index < 69 * FS_HZ]
    assert not [o for o in outputs if isinstance(o, EpisodeStep) and o.span.finding is Finding.PAUSE]
    readable_s = sum(o.analysable_s for o in outputs if isinstance(o, MinuteSummary))
    assert 50 <= readable_s <= 64


def test_a_gap_breaks_intervals_and_loses_nothing_else(encoder, toy_uv, cut) -> None:
    blocks = [b for b in cut(toy_uv, FS_HZ, [FS_HZ]) if not 40 <= b.first_index / FS_HZ < 45]
    outputs = run(encoder, blocks)
    first_after = next(beat for beat in beats(outputs) if beat.index >= 45 * FS_HZ)
    assert first_after.rr_ms is None
    wear_s = sum(o.wear_s for o in outputs if isinstance(o, MinuteSummary))
    assert wear_s == pytest.approx(85.0, abs=0.05)


@pytest.mark.parametrize("n", [0, 1, 50, 360, 1000])
def test_very_short_recordings(encoder, toy_uv, cut, n) -> None:
    outputs = run(encoder, cut(toy_uv[:n], FS_HZ, [50]))
    assert len(beats(outputs)) <= 6


def test_a_state_of_another_model_is_not_taken_up(encoder, toy_uv, cut) -> None:
    pipeline = Pipeline(encoder, FS_HZ, 1)
    (block,) = cut(toy_uv, FS_HZ, [len(toy_uv)])
    pipeline.feed(block)
    snapshot = pipeline.snapshot()
    other = Pipeline(encoder, FS_HZ, 1)
    assert not other.restore(b"9.9.9 " + snapshot)
    assert other.next_index == 0
    assert other.restore(snapshot)
    assert other.next_index == len(toy_uv)
