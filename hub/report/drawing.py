"""Vector drawings in millimetres: shapes become a one-page PDF, labels are set over it by LaTeX."""

import zlib
from dataclasses import dataclass
from typing import Final

Colour = tuple[float, float, float]
POINTS_PER_MM: Final = 72 / 25.4

BLACK: Final = (0.0, 0.0, 0.0)
GREY: Final = (0.42, 0.42, 0.42)


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline through `points`, `(x, y)` in mm from the lower left corner."""

    points: tuple[tuple[float, float], ...]
    colour: Colour = BLACK
    width_mm: float = 0.2
    dash_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    points: tuple[tuple[float, float], ...]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a point. `anchor`: which point of its box that is, l, r, t, b or a pair; "" its centre."""

    x_mm: float
    y_mm: float
    text: str
    anchor: str = ""
    size_pt: float = 7.0
    colour: Colour = BLACK
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A box with shapes, first at the bottom, and labels over them."""

    width_mm: float
    height_mm: float
    shapes: tuple[Line | Area, ...]
    labels: tuple[Label, ...] = ()


def rectangle(x_mm: float, y_mm: float, width_mm: float, height_mm: float, colour: Colour) -> Area:
    """A filled box."""
    right, top = x_mm + width_mm, y_mm + height_mm
    return Area(((x_mm, y_mm), (right, y_mm), (right, top), (x_mm, top)), colour)


def to_pdf(drawing: Drawing) -> bytes:
    """One PDF page of the drawing's true size, without labels."""
    operators = "\n".join(_operators(shape) for shape in drawing.shapes)
    content = zlib.compress(
        f"{POINTS_PER_MM:.7f} 0 0 {POINTS_PER_MM:.7f} 0 0 cm 1 J 1 j\n{operators}".encode()
    )
    width, height = drawing.width_mm * POINTS_PER_MM, drawing.height_mm * POINTS_PER_MM
    box = f"/MediaBox [0 0 {width:.4f} {height:.4f}]"
    page = f"<< /Type /Page /Parent 2 0 R {box} /Contents 4 0 R /Resources << >> >>"
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page.encode(),
            f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
            + content
            + b"\nendstream",
        ]
    )


def _operators(shape: Line | Area) -> str:
    path = " l ".join(
        f"{x:.3f} {y:.3f}" + (" m" if not index else "") for index, (x, y) in enumerate(shape.points)
    )
    path = path.replace(" m l ", " m ", 1)
    red, green, blue = shape.colour
    if isinstance(shape, Area):
        return f"{red:.3f} {green:.3f} {blue:.3f} rg {path} l f"
    dash = f"[{shape.dash_mm:.2f}] 0 d" if shape.dash_mm else "[] 0 d"
    return f"{red:.3f} {green:.3f} {blue:.3f} RG {shape.width_mm:.3f} w {dash} {path} l S"


def _file(objects: list[bytes]) -> bytes:
    """A PDF file of numbered objects, the first being the catalogue."""
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            len(body),
        )
    )
