"""A grid of character cells with braille dots in it (2 across, 4 down in each cell), drawn as `rich.Text`."""

from typing import Final

import numpy as np
import numpy.typing as npt
from rich.style import Style
from rich.text import Text

DOTS_ACROSS: Final = 2
DOTS_DOWN: Final = 4
_BLANK: Final = 0x2800
_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])

Dots = npt.NDArray[np.bool_]


class Canvas:
    """Cells of one character, one colour and one background each."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows = rows
        self.columns = columns
        self._characters = [[" "] * columns for _ in range(rows)]
        self._colours: list[list[str | None]] = [[None] * columns for _ in range(rows)]
        self._grounds: list[list[str | None]] = [[None] * columns for _ in range(rows)]
        self._bold = [[False] * columns for _ in range(rows)]

    def write(
        self, row: int, column: int, text: str, colour: str | None = None, *, bold: bool = False
    ) -> None:
        """Put text in a row; what lies outside is cut."""
        if not 0 <= row < self.rows:
            return
        for at, character in enumerate(text, column):
            if 0 <= at < self.columns:
                self._characters[row][at] = character
                self._colours[row][at] = colour
                self._bold[row][at] = bold

    def paint(self, row: int, column: int, ground: str) -> None:
        """Give a cell a background."""
        self._grounds[row][column] = ground

    def plot(self, row: int, column: int, dots: Dots, colour: str) -> None:
        """Put dots of shape (4 x rows, 2 x columns); cells without a dot stay as they are."""
        codes = cell_codes(dots)
        for down, across in np.argwhere(codes):
            self.write(row + int(down), column + int(across), chr(_BLANK + int(codes[down, across])), colour)

    def text(self) -> Text:
        """All rows, apart by line breaks."""
        drawn = Text(no_wrap=True, end="")
        for row in range(self.rows):
            if row:
                drawn.append("\n")
            for column in range(self.columns):
                style = Style(
                    color=self._colours[row][column],
                    bgcolor=self._grounds[row][column],
                    bold=self._bold[row][column] or None,
                )
                drawn.append(self._characters[row][column], style)
        return drawn


def cell_codes(dots: Dots) -> npt.NDArray[np.int64]:
    """Braille patterns without their offset, shape (rows, columns), of dots (4 x rows, 2 x columns)."""
    high, wide = dots.shape
    cells = dots.reshape(high // DOTS_DOWN, DOTS_DOWN, wide // DOTS_ACROSS, DOTS_ACROSS)
    codes: npt.NDArray[np.int64] = np.einsum("rdca,da->rc", cells.astype(np.int64), _BITS)
    return codes


def filled(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], rows: int) -> Dots:
    """Dots from `low` to `high` in each dot column, as shares of the height from below; NaN is a gap."""
    top = rows * DOTS_DOWN - 1
    known = ~(np.isnan(low) | np.isnan(high))
    first = np.where(known, np.clip(np.round(top * (1 - np.nan_to_num(high))), 0, top), top + 1)
    last = np.where(known, np.clip(np.round(top * (1 - np.nan_to_num(low))), 0, top), -1)
    down = np.arange(top + 1)[:, None]
    dots: Dots = (down >= first) & (down <= last)
    return dots
