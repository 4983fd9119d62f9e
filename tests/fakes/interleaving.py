"""Two workers of which one goes on at a time, each for as many calls and writes as it is given."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Work = Callable[[], Any]
TO_THE_END = 10**9


class Interleaved:
    """Runs two workers by `turns`: so many events of the first, of the second, and so on.

    An event is a call through urllib3 (which all three SDKs use) or a flush, link, rename or
    removal of a file; the worker whose turn is over waits just before its next one. After the last
    turn the first goes on to its end, then the second.
    """

    def __init__(self, turns: Sequence[int]) -> None:
        self._turns = [*turns, TO_THE_END, TO_THE_END]
        self._now = 0  # the place in turns
        self._baton = threading.Condition()
        self._workers: dict[int, int] = {}  # thread: which of the two
        self._over = [False, False]
        self.events = [0, 0]
        self.answers: list[Any] = [None, None]

    def run(self, first: Work, second: Work) -> list[Any]:
        """What each returned, or the exception that it raised."""
        with self._armed():
            threads = [
                threading.Thread(target=self._work, args=(which, work), daemon=True)
                for which, work in enumerate((first, second))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return self.answers

    def _work(self, which: int, work: Work) -> None:
        with self._baton:
            self._workers[threading.get_ident()] = which
        try:
            self._wait(which)
            self.answers[which] = work()
        except Exception as error:
            self.answers[which] = error
        finally:
            with self._baton:
                # A thread of the fake service may get its number, and would wait for its turn.
                del self._workers[threading.get_ident()]
                self._over[which] = True
                self._skip_idle_turns()
                self._baton.notify_all()

    def _event(self) -> None:
        which = self._workers.get(threading.get_ident())
        if which is None:
            return
        self.events[which] += 1
        with self._baton:
            self._turns[self._now] -= 1
            if self._turns[self._now] < 0:
                self._now = min(self._now + 1, len(self._turns) - 1)
                self._skip_idle_turns()
                self._baton.notify_all()
        self._wait(which)

    def _skip_idle_turns(self) -> None:
        while self._over[self._whose()] and not all(self._over):
            if self._now == len(self._turns) - 1:
                self._turns += [TO_THE_END, TO_THE_END]
            self._now += 1

    def _whose(self) -> int:
        return self._now % 2

    def _wait(self, which: int) -> None:
        with self._baton:
            self._baton.wait_for(lambda: self._whose() == which)

    @contextmanager
    def _armed(self) -> Iterator[None]:
        from urllib3.connectionpool import HTTPConnectionPool

        places: list[tuple[Any, str]] = [(HTTPConnectionPool, "urlopen")]
        places += [(os, name) for name in ("fsync", "link", "rename", "replace", "unlink")]
        before = [getattr(where, name) for where, name in places]
        try:
            for (where, name), call in zip(places, before, strict=True):
                setattr(where, name, self._around(call))
            yield
        finally:
            for (where, name), call in zip(places, before, strict=True):
                setattr(where, name, call)

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self._event()
            return call(*given, **named)

        return counted
