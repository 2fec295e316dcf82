"""WIRE CONTRACT: a window of ECG as one vector, in 8 bits a number.

Imports the standard library and pydantic alone, so that the hub can read it without any edge dependency.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

MODEL_DIGITS: Final = 12
_BASE64: Final = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_LONGEST: Final = 2732  # 2048 numbers
_LARGEST_CODE: Final = 127


class Embedding(BaseModel):
    """A direction in the space of one encoder.

    `model` is the beginning of the encoder's SHA-256: only vectors of the same model can be compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{MODEL_DIGITS}}}$")]
    values: Annotated[str, Field(min_length=4, max_length=_LONGEST, pattern=_BASE64)]

    @classmethod
    def of(cls, model_sha256: str, vector: Sequence[float]) -> Self:
        """The largest number becomes 127; raises `ValueError` for zeros alone, none, NaN and infinity."""
        largest = max(map(abs, vector), default=0.0)
        if not 0 < largest < float("inf"):
            raise ValueError("a vector without a direction")
        codes = array("b", [round(number / largest * _LARGEST_CODE) for number in vector])
        return cls(model=model_sha256[:MODEL_DIGITS], values=b64encode(codes.tobytes()).decode())

    @property
    def codes(self) -> bytes:
        """Each number as a signed byte."""
        return b64decode(self.values)
