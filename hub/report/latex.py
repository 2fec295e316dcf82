"""Text and drawings as LaTeX. Every text that comes from outside goes through `text`."""

import unicodedata
from typing import Final

from pylatex import NoEscape
from pylatex.utils import escape_latex

from hub.report.drawing import Colour, Drawing, Label

# letters of the T1 encoding beyond ASCII, which pdfLaTeX sets as they are
_LETTERS: Final = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž¡¿£§"
)
_MACROS: Final = {
    "\u00a0": "~",
    "\u2009": r"\,",
    "\u202f": r"\,",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "„": r"\quotedblbase{}",
    "«": r"\guillemotleft{}",
    "»": r"\guillemotright{}",
    "…": r"\textellipsis{}",
    "•": r"\textbullet{}",
    "·": r"\textperiodcentered{}",
    "°": r"\textdegree{}",
    "±": r"\textpm{}",
    "×": r"\texttimes{}",
    "µ": r"\textmu{}",
    "μ": r"\textmu{}",
    "Ω": r"\ensuremath{\Omega}",
    "€": r"\texteuro{}",
    "©": r"\textcopyright{}",
    "®": r"\textregistered{}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "→": r"\ensuremath{\rightarrow}",
    "−": r"\textminus{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    ",": "{,}",
}


def text(value: str) -> NoEscape:
    """Any string as harmless LaTeX: controls become spaces, what cannot be set becomes `[U+hhhh]`."""
    flat = " ".join("".join(map(_visible, unicodedata.normalize("NFC", value))).split(" "))
    return NoEscape("".join(map(_character, flat)))


def bold(value: str) -> NoEscape:
    """Bold text."""
    return NoEscape(rf"\textbf{{{text(value)}}}")


def italic(value: str) -> NoEscape:
    """Slanted text."""
    return NoEscape(rf"\textit{{{text(value)}}}")


def coloured(value: NoEscape, colour: Colour) -> NoEscape:
    """LaTeX in a colour."""
    return NoEscape(rf"\textcolor[rgb]{{{_rgb(colour)}}}{{{value}}}")


def place(drawing: Drawing, file_name: str) -> NoEscape:
    """The drawing at its true size, from `file_name` in the working folder, with its labels over it."""
    labels = "".join(_label(label) for label in drawing.labels)
    return NoEscape(
        rf"{{\setlength{{\unitlength}}{{1mm}}\begin{{picture}}({drawing.width_mm:.2f},{drawing.height_mm:.2f})"
        rf"\put(0,0){{\includegraphics{{{file_name}}}}}{labels}\end{{picture}}}}"
    )


def _label(label: Label) -> str:
    words = bold(label.text) if label.bold else text(label.text)
    anchor = f"[{label.anchor}]" if label.anchor else ""
    size = rf"\fontsize{{{label.size_pt:.1f}}}{{{label.size_pt * 1.2:.1f}}}\selectfont"
    return (
        rf"\put({label.x_mm:.2f},{label.y_mm:.2f}){{\makebox(0,0){anchor}"
        rf"{{{size}{coloured(words, label.colour)}}}}}"
    )


def _rgb(colour: Colour) -> str:
    return ",".join(f"{part:.2f}" for part in colour)


def _visible(character: str) -> str:
    """The character, a space for a control, or the code point of what the fonts do not hold."""
    if character in _MACROS or character in _LETTERS or " " <= character <= "~":
        return character
    if unicodedata.category(character) in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    return f"[U+{ord(character):04X}]"


def _character(character: str) -> str:
    return _MACROS.get(character) or str(escape_latex(character))
