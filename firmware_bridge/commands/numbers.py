"""Numbers on the command line, checked."""

import argparse


def positive(text: str) -> float:
    """Above 0."""
    return within(text, 1e-3, 1e9)


def share(text: str) -> float:
    """From 0 to 1."""
    return within(text, 0, 1)


def percent(text: str) -> int:
    """Whole, from 0 to 100."""
    return int(within(text, 0, 100))


def within(text: str, least: float, most: float) -> float:
    """A number between two others.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    number = float(text)
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text} is not within {least:g} to {most:g}")
    return number


def seconds_option(parser: argparse.ArgumentParser) -> None:
    """`--seconds`, for what else would go on."""
    parser.add_argument("--seconds", type=positive, help="stop after so long (default: at the source's end)")
