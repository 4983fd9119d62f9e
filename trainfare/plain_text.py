"""Terminals and pipes that cannot show all of Unicode get the nearest plain characters."""

import codecs
import sys
from io import TextIOWrapper

NAME = "trainfare-plain"
PLAIN = {
    "·": "-", "–": "-", "—": "-", "−": "-", "─": "-", "━": "-", "×": "x", "±": "+-", "…": "...",
    "µ": "u", "▕": "|", "▏": "|", "●": "o", "←": "<-", "’": "'", "“": '"', "”": '"',
}  # fmt: skip


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The handler that a stream calls with what its encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(char, "?") for char in lacking), error.end


def keep_streams_from_failing() -> None:
    """Let stdout and stderr write plain characters where they would raise UnicodeEncodeError."""
    codecs.register_error(NAME, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=NAME)
