"""Reading a large store says how far it has come; a small one is read in silence."""

import sys
import time
from pathlib import Path

from results import units
from results.store import Store

SILENT_SECONDS = 2.0  # of reading, before anything is said
REDRAW_SECONDS = 0.2


class ReadingLine:
    """One line on a terminal, redrawn while records of a kind are read and wiped in the end."""

    def __init__(self) -> None:
        self._begun = self._drawn = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Told by the store before each record and, with `done` == `total`, after the last."""
        now = time.monotonic()
        if done == 0:
            self._begun = now
        if done < total and now - max(self._begun + SILENT_SECONDS, self._drawn) > REDRAW_SECONDS:
            left = units.seconds_text((now - self._begun) * (total - done) / max(1, done))
            sys.stderr.write(f"\r\x1b[KReading {what}: {done:,} of {total:,}, about {left} left")
            sys.stderr.flush()
            self._drawn = now
        elif done == total and self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = 0.0


def open_store(where: Path | str) -> Store:
    """The records at `where`; a terminal is told while reading them takes long."""
    store = Store(where)
    if sys.stderr.isatty():
        store.told = ReadingLine()
    return store
