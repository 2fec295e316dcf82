"""How long after its sample a beat is told, in the signal's own time."""

import pytest

from edge.pipeline import Pipeline
from edge.stream import Beat

BLOCK_S = 0.1


@pytest.mark.parametrize("fs_hz", [360, 100])
def test_a_beat_is_told_within_six_seconds(encoder, toy_uv, cut, fs_hz) -> None:
    """At 100 Hz the same samples are a slow heart: beats wait longest for the next one."""
    pipeline, ages_s = Pipeline(encoder, fs_hz, 1), []
    for block in cut(toy_uv[: 30 * 360], fs_hz, [round(BLOCK_S * fs_hz)]):
        told = [output for output in pipeline.feed(block) if isinstance(output, Beat)]
        ages_s += [(block.stop_index - beat.index) / fs_hz for beat in told]
    assert len(ages_s) > 40
    assert 5.0 < max(ages_s) <= 6.0 + BLOCK_S  # as docs/model-card.md says
