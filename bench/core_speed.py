"""Is the core itself slow just now? A fixed piece of work, timed between blocks, can tell.

What a virtual machine calls a core is often one of two hyperthreads, and the other belongs to
somebody else: while that one works, a step takes 30 to 60% longer, for tenths of a second or for
minutes, and no counter of this machine shows it. Heat and power limits look the same.
"""

from collections.abc import Sequence
from time import perf_counter_ns

SLOW_RATIO = 1.15  # of the fastest; a probe takes 1.00 to 1.06 or 1.35 to 1.6 times as long
FASTEST_SHARE = 0.005  # of the probes are this fast: not the one that a clock's jitter made short
_WORK = range(3000)  # 40 µs: long against a cold start, short against a block of 1 ms


def probe_seconds() -> float:
    """How long the piece of work takes now. It needs no memory and no other thread."""
    start = perf_counter_ns()
    for _ in _WORK:
        pass
    return (perf_counter_ns() - start) / 1e9


def slowed(probes: Sequence[float | None], beside: Sequence[float | None] = ()) -> tuple[bool, ...]:
    """Which blocks began or ended on a slow core, by the slower of the two probes of each.

    Slow is over 1.15 times the fastest half percent of these and of those `beside`, of blocks taken
    in turns with them. Empty where not all were probed: on a GPU, and with loader workers, which
    slow their parent's core themselves.
    """
    known = sorted(seconds for seconds in (*probes, *beside) if seconds is not None)
    if not known or None in probes:
        return ()
    limit = SLOW_RATIO * known[int(FASTEST_SHARE * (len(known) - 1))]
    return tuple(seconds is not None and seconds > limit for seconds in probes)
