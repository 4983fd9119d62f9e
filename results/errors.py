"""Every error a user can cause, with its exit code; each message says what to do next."""

import difflib
from collections.abc import Iterable


class TrainfareError(Exception):
    """A mistake or limit that the user can act on; shown as one sentence, never as a traceback."""

    exit_code = 2


class UsageError(TrainfareError):
    """What was asked for cannot be understood or does not exist (exit code 2)."""


class RecordError(UsageError):
    """A file that should hold a record, a price or a setting does not (exit code 2)."""


class MissingError(RecordError):
    """There is no file of that name (exit code 2)."""


class NoAnswerError(TrainfareError):
    """The question is clear, but nothing known answers it (exit code 3)."""

    exit_code = 3


class OverBudgetError(TrainfareError):
    """The answer would cost more than allowed (exit code 4)."""

    exit_code = 4


def near(given: str, known: Iterable[str], count: int = 4) -> str:
    """The known names closest to `given` as a sentence: `Near: a, b.`, else the first few."""
    names = sorted(set(known))
    lowered = {name.lower(): name for name in names}
    found = difflib.get_close_matches(given.lower(), lowered, n=count, cutoff=0.5)
    if found:
        return f"Near: {', '.join(lowered[name] for name in found)}."
    more = ", …" if len(names) > 8 else ""
    return f"Known: {', '.join(names[:8])}{more}."
