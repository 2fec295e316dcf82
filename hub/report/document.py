"""Puts the parts together: content in, bytes of a PDF out."""

from pathlib import Path

from pylatex import Document, NoEscape, Package

from hub.report import closing, course, episodes, front_page
from hub.report.content import Content
from hub.report.latex import text
from hub.report.typeset import typeset
from hub.wording import minute_text

_PREAMBLE = r"""
\pdfinfoomitdate=1 \pdftrailerid{} \pdfsuppressptexinfo=-1
\input{glyphtounicode}\pdfgentounicode=1
\definecolor{quiet}{rgb}{0.38,0.38,0.38}
\renewcommand{\familydefault}{\sfdefault}
\setlength{\parindent}{0pt}\setlength{\parskip}{0pt}\setlength{\tabcolsep}{1.6mm}
\setlength{\LTpre}{0.5ex}\setlength{\LTpost}{1ex}\setlength{\headheight}{14pt}
\raggedbottom\emergencystretch=3em\hyphenpenalty=10000
\DisableLigatures{encoding=T1}
\newcommand{\needspace}[1]{\par\begingroup\dimen0=#1\relax
  \ifdim\dimexpr\pagegoal-\pagetotal<\dimen0 \ifdim\pagetotal>0pt \newpage\fi\fi\endgroup}
\newcommand{\episode}[1]{%
  \par\noindent\begin{minipage}{\linewidth}\raggedright #1\end{minipage}\par\vspace{4mm}}
\makeatletter
\renewcommand{\section}{\@startsection{section}{1}{0pt}{2ex}{1ex}{\Large\bfseries}}
\renewcommand{\subsection}{\@startsection{subsection}{2}{0pt}{2.2ex}{0.9ex}{\large\bfseries}}
\makeatother
"""


def make_pdf(content: Content) -> bytes:
    """The report as PDF; the same content gives the same bytes. Raises `ReportError`."""
    pictures: dict[str, bytes] = {}
    source = latex_source(content, pictures)
    return typeset(source, pictures, int(content.made_at.timestamp()))


def write_report(content: Content, path: Path) -> Path:
    """Write the PDF; a report that is there already is replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(make_pdf(content))
    return unfinished.replace(path)


def latex_source(content: Content, pictures: dict[str, bytes]) -> str:
    """The LaTeX document; the vector pictures that it names are put into `pictures`."""
    document = _empty_document()
    document.preamble.append(NoEscape(_PREAMBLE))
    document.append(NoEscape(_page_style(content)))
    for part in (
        front_page.front_page(content),
        course.trend(content, pictures),
        course.table(content),
        course.lasted(content),
        course.notices(content),
        episodes.strips(content, pictures),
        episodes.table(content),
        closing.closing(content),
    ):
        for piece in part:
            document.append(piece)
    document.append(NoEscape(r"\label{lastpage}"))
    return str(document.dumps())


def _empty_document() -> Document:
    document = Document(
        documentclass="article",
        document_options=["a4paper", "10pt"],
        geometry_options={
            "left": "12.5mm",
            "right": "12.5mm",
            "top": "15mm",
            "bottom": "18mm",
            "headsep": "2mm",
        },
        page_numbers=False,
        indent=True,
        microtype=True,
    )
    for name in ("graphicx", "xcolor", "array", "tabularx", "longtable", "booktabs", "fancyhdr"):
        document.packages.append(Package(name))
    return document


def _page_style(content: Content) -> str:
    patient, period, zone = content.patient, content.period, content.zone
    who = text(f"{patient.name} ({patient.patient_id})")
    when = text(f"{minute_text(period.from_at, zone)} to {minute_text(period.to_at, zone)}")
    return (
        r"\pagestyle{fancy}\fancyhf{}\renewcommand{\headrulewidth}{0pt}"
        rf"\fancyfoot[L]{{\parbox[t]{{155mm}}{{\small\raggedright\textcolor{{quiet}}{{{who}, {when}}}}}}}"
        r"\fancyfoot[R]{\small\color{quiet}Page \thepage{} of \pageref{lastpage}}"
    )
