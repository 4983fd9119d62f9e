"""Ctrl-C and the signals to end: a measuring ends by them, wherever they come.

Python drops an exception that comes within a `__del__` or a hook of `os.fork`, and a DataLoader
goes through both at each epoch ("Exception ignored in …"); a user's own `except:` may swallow it
too. So a signal is noted, and `check`, between blocks, raises again what never arrived. That it was
dropped on the way is no news to anybody.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal told us to end; the exit code is the shells' own, 128 + its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class _Heeded:
    """What came since `heeded` began."""

    def __init__(self) -> None:
        self.process, self.first, self.count, self.is_held = os.getpid(), 0, 0, False
        self._terminals = [file for file in (1, 2) if os.isatty(file)]

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() == self.process:
            self.first, self.count = self.first or number, self.count + 1
            self._leave_closed_terminals()
            # Workers that the same signal ended are no failure of theirs, as torch would raise.
            signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        elif number != signal.SIGINT:  # a forked worker, which was told to end: it has no record
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if not self.is_held:
            raise Stopped(number)

    def _leave_closed_terminals(self) -> None:
        """What was measured must not be lost because nobody is left to be told of it."""
        for file in self._terminals:
            if not os.isatty(file):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, file)
                os.close(nowhere)


_heeded: _Heeded | None = None


@contextmanager
def heeded() -> Iterator[None]:
    """Within it SIGINT, SIGTERM and SIGHUP raise Stopped, at the latest when it ends.

    A signal that was ignored before (`nohup`, a shell's background) stays ignored.
    """
    global _heeded  # signals belong to the process
    if _heeded is not None:
        yield
        return
    found = _heeded = _Heeded()
    heard = [n for n in SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {n: signal.getsignal(n) for n in (*heard, signal.SIGCHLD)}
    tell_dropped = sys.unraisablehook
    sys.unraisablehook = lambda dropped: (
        None if issubclass(dropped.exc_type, Stopped) else tell_dropped(dropped)
    )
    try:
        for number in heard:
            signal.signal(number, found.on_signal)
        yield
        check()
    except (Exception, KeyboardInterrupt) as error:
        if not found.first:
            raise
        raise Stopped(found.first) from error
    finally:
        _heeded, sys.unraisablehook = None, tell_dropped
        for number, handler in before.items():
            signal.signal(number, handler)


def check() -> None:
    """Between blocks: raise Stopped if a signal has come, whatever became of its exception."""
    if _heeded is not None and _heeded.first and not _heeded.is_held:
        raise Stopped(_heeded.first)


@contextmanager
def held() -> Iterator[None]:
    """What must not be broken off in its middle: signals that come within are raised at its end."""
    found = _heeded
    if found is None:
        yield
        return
    count, found.is_held = found.count, True
    try:
        yield
    finally:
        found.is_held = False
    if found.count > count:
        raise Stopped(found.first)
