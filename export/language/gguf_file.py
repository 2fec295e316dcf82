"""What a GGUF says of itself; a file that cannot be read is named."""

from collections.abc import Mapping
from pathlib import Path

from gguf import MODEL_ARCH_NAMES, GGUFReader, ReaderField

from edge.errors import UserError
from export.language.architectures import KNOWN


def gguf_fields(path: Path) -> Mapping[str, ReaderField]:
    """Its metadata; `UserError` for what is no whole GGUF."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        return GGUFReader(path).fields
    except (ValueError, LookupError, OverflowError, OSError) as error:
        raise UserError(f"{path}: not a whole GGUF: {error}") from error


def check_architecture(path: Path) -> None:
    """`UserError` says which are known and what was found."""
    field = gguf_fields(path).get("general.architecture")
    found = "none" if field is None else str(field.contents())
    known = [MODEL_ARCH_NAMES[architecture.gguf] for architecture in KNOWN]
    if found not in known:
        raise UserError(f"{path}: unknown architecture; known: {', '.join(known)}; found: {found}")
