"""How the figures were made, and room for the clinician's own words."""

from collections.abc import Iterator

from pylatex import NoEscape

from hub.model_words import ModelWords
from hub.report.content import Content
from hub.report.latex import bold, text
from hub.wording import duration_text

_METHODS = (
    ("Source", "Beats, rhythm and signal quality come from an ECG encoder network on a small computer in the "
     "home. Rules turn them into episodes. A language model may add a sentence to an episode; no figure in "
     "this report comes from it. Accuracy figures of the encoder are in its model card."),
    ("Wear time", "Time with samples from the sensor."),
    ("Analysable time", "The part of the wear time whose signal quality was good enough to classify beats. "
     "All counts, rates and burdens refer to it; what happened outside it is unknown."),
    ("Beats", "Classes of ANSI/AAMI EC57: N normal (with bundle branch block), S supraventricular ectopic, "
     "V ventricular ectopic, F fusion, Q unclassified."),
    ("Ectopic burden", "Beats of the class in percent of all beats."),
    ("Atrial fibrillation burden", "Time in atrial fibrillation in percent of analysable time."),
    ("Heart rate", "The mean weighs each minute by its analysable time. Lowest and highest are given with "
     "the minute in which they were measured."),
    ("Duration", "From onset to end of an episode, or to its last observation while it goes on. Episodes "
     "that overlap the period's ends are counted whole."),
    ("Confidence", "The encoder's or rule's own estimate between 0 and 100 %, not a measured accuracy."),
    ("Strips", "The samples as recorded, less the strip's median; not filtered. The trace is cut at the "
     "edge of its box, at most 2.5 mV from the median; a thick red bar on the edge marks where. Small "
     "figures above the box are RR intervals in ms. In true size when printed without scaling: 25 mm/s, "
     "10 mm/mV, small square 1 mm; the mark at the left is 1 mV high and 0.2 s wide."),
    ("Characters", "A character that the typesetter does not have is shown by its Unicode number, "
     "for example [U+2764]."),
)  # fmt: skip
_FIELDS = ("Comment", "Reviewed by", "Date and signature")


def closing(content: Content) -> Iterator[NoEscape]:
    """Methods, signature and the footnote, if one was asked for."""
    yield NoEscape(r"\needspace{120mm}\section*{How to read this report}")
    methods = (*_METHODS, *_by_intervals(content), ("Language model", _language_model(content.words)))
    items = "\n".join(rf"\item[{bold(name)}] {text(words)}" for name, words in methods)
    yield NoEscape(rf"\begin{{description}}\small {items}\end{{description}}")
    yield _signature()
    if content.options.footnote:
        yield NoEscape(rf"\par\vfill\noindent{{\small {text(content.options.footnote)}}}\par")


def _by_intervals(content: Content) -> Iterator[tuple[str, str]]:
    intervals_s = content.statistics().intervals_s
    if intervals_s:
        yield (
            "RR intervals alone",
            f"For {duration_text(intervals_s)} the strap sent no ECG but the times between beats. Heart rate"
            " and atrial fibrillation are found from them; beats have no class, and there are no strips.",
        )


def _language_model(words: ModelWords) -> str:
    if not words.asked:
        return "It was not asked in this period."
    return (
        f"In this period it was asked {words.asked} times and answered {words.answered} times. What it says"
        f" is checked against the measurements before it leaves the home; {words.struck} statements and"
        " findings that they did not bear out were struck."
    )


def _signature() -> NoEscape:
    rows = "".join(rf"{text(name)} & \hrulefill \\[7mm]" for name in _FIELDS)
    return NoEscape(
        r"\needspace{45mm}\subsection*{Clinician}\vspace{4mm}\noindent"
        rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}p{{35mm}}X@{{}}}}{rows}\end{{tabularx}}\par"
    )
