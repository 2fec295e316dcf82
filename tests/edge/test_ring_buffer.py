import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ring_buffer import RingBuffer


@given(st.integers(1, 20), st.lists(st.integers(0, 60), max_size=20))
def test_holds_the_newest_rows_by_their_index(capacity: int, sizes: list[int]) -> None:
    ring, stop = RingBuffer(capacity, 1, np.int64), 0
    for size in sizes:
        ring.append(np.arange(stop, stop + size)[:, None])
        stop += size
        assert ring.stop == stop
        assert ring.start == max(0, stop - capacity)
        np.testing.assert_array_equal(ring.read(ring.start, stop)[:, 0], np.arange(ring.start, stop))


def test_what_is_gone_or_has_not_come_is_an_error() -> None:
    ring = RingBuffer(4, 1)
    ring.append(np.zeros((10, 1)))
    for first, stop in ((5, 8), (8, 11), (9, 8)):
        with pytest.raises(IndexError, match="held"):
            ring.read(first, stop)
