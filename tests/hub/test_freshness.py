from datetime import UTC, datetime, timedelta

import pytest

from hub.freshness import freshness

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
AFTER = (timedelta(minutes=15), timedelta(minutes=30))


@pytest.mark.parametrize(
    ("silence_s", "expected"),
    [
        (0, "fresh"),
        (899, "fresh"),
        (900, "stale"),
        (1799, "stale"),
        (1800, "urgent"),
        (-5, "fresh"),
        (-3600, "stale"),
    ],
)
def test_silence_is_judged_by_the_limits(silence_s, expected):
    assert freshness(NOW - timedelta(seconds=silence_s), NOW, AFTER) == expected


def test_a_device_never_heard_is_not_fresh():
    assert freshness(None, NOW, AFTER) == "never heard"
