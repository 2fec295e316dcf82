"""Gathers consecutive samples until something comes between them."""

import numpy as np

from firmware_bridge.packets import SampleBlock


class SampleRun:
    """Rows of leads that are not told yet; `lost_before` samples are missing before the first."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.lost_before = 0
        self.last_sample_ns: int | None = None

    def taken(self) -> list[SampleBlock]:
        """The run as a block, if there is one; the next begins empty."""
        if not self.rows:
            return []
        block = SampleBlock(np.array(self.rows, np.int32), self.last_sample_ns, self.lost_before)
        self.rows, self.lost_before, self.last_sample_ns = [], 0, None
        return [block]
