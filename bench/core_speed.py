"""Is the core itself slow just now? A fixed piece of work, timed between blocks, can tell.

What a virtual machine calls a core is often one of two hyperthreads, and the other belongs to
somebody else: while that one works, a step takes 30 to 60% longer, for tenths of a second or for
minutes, and no counter of this machine shows it. Heat and power limits look the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns

# Of the fastest; on one core in one hour probes took 0.9 to 1.1 or 1.35 to 1.6 times their median.
SLOW_RATIO = 1.25
FASTEST_SHARE = 0.01  # of the probes are this fast: not the one that a clock's jitter made short
# 14 µs: long against a cold start; three times as long made an RNN's steps of 1 ms 2 to 3% slower.
_WORK = range(1000)

_usual_seconds: float | None = None  # of a probe on this machine, by measurements before


@contextmanager
def known(usual_seconds: float | None) -> Iterator[None]:
    """While open, what a probe usually takes here is known: a core that is slow all the time, too,
    is told from one that is not."""
    global _usual_seconds
    before, _usual_seconds = _usual_seconds, usual_seconds
    try:
        yield
    finally:
        _usual_seconds = before


def probe_seconds() -> float:
    """How long the piece of work takes now. It needs no memory and no other thread."""
    start = perf_counter_ns()
    for _ in _WORK:
        pass
    return (perf_counter_ns() - start) / 1e9


def slowed(probes: Sequence[float | None], beside: Sequence[float | None] = ()) -> tuple[bool, ...]:
    """Which blocks began or ended on a slow core, by the slower of the two probes of each.

    Slow is over 1.25 times the fastest hundredth of these and of those `beside`, of blocks taken in
    turns with them, or over 1.25 times what is usual here (`known`). Empty where not all were
    probed: on a GPU, and with loader workers, which slow their parent's core themselves.
    """
    times = sorted(seconds for seconds in (*probes, *beside) if seconds is not None)
    if not times or None in probes:
        return ()
    fastest = times[int(FASTEST_SHARE * (len(times) - 1))]
    limit = SLOW_RATIO * min(fastest, _usual_seconds or fastest)
    return tuple(seconds is not None and seconds > limit for seconds in probes)
