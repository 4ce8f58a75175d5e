"""What reaches a person's terminal. Nothing else prints, so that no text gets there unfiltered."""

from __future__ import annotations

import sys


def printable(text: str) -> str:
    """Return a text with a space in place of each character that a terminal would act on.

    Texts of a server, names in a file and words of a tool may have escape sequences, line breaks or
    characters that change the direction of writing.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def print_line(*cells: str) -> None:
    """Print a line of output, whose cells are separated by tabs, at once."""
    print("\t".join(map(printable, cells)), flush=True)


def print_text(text: str) -> None:
    """Print lines of the program's own, or JSON, which has escaped what a terminal acts on."""
    print(text, flush=True)


def note(message: str) -> None:
    """Tell a person how things go, beside the output that programs read."""
    print(printable(message), file=sys.stderr, flush=True)


def notice(code: str, sentence: str) -> str:
    """The line that says why something was not done."""
    return printable(f"countersign: {code}: {sentence}")


def note_failure(code: str, sentence: str) -> None:
    """Say on standard error why something was not done."""
    note(notice(code, sentence))
