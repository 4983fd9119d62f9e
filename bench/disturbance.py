"""Was something else using the processor while a block ran? Counters of the kernel know."""

import resource
import time
from collections.abc import Sequence
from typing import NamedTuple

# A process that ran undisturbed has had the processor for all of its wall time.
QUIET_CPU_SHARE = 0.97
# An involuntary switch costs up to one scheduler slice, about 4 ms; up to 1% of a block is let by.
SWITCH_SECONDS = 0.004
SWITCH_COST_SHARE = 0.01


class Block(NamedTuple):
    """One timed stretch of work and what the kernel counted meanwhile, for the whole process."""

    seconds: float
    cpu_seconds: float
    involuntary_switches: int

    def plus(self, other: "Block") -> "Block":
        """The two stretches as one."""
        return Block(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.involuntary_switches + other.involuntary_switches,
        )


class Counters(NamedTuple):
    """Processor time and involuntary switches of this process so far, all threads."""

    cpu_nanoseconds: int
    involuntary_switches: int

    @classmethod
    def now(cls) -> "Counters":
        """Read the counters; about 1 µs, so only between timed stretches."""
        return cls(time.process_time_ns(), resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw)

    def block(self, seconds: float) -> Block:
        """The block of `seconds` wall time that began when these counters were read."""
        end = Counters.now()
        return Block(
            seconds,
            (end.cpu_nanoseconds - self.cpu_nanoseconds) / 1e9,
            end.involuntary_switches - self.involuntary_switches,
        )


def disturbed(blocks: Sequence[Block]) -> tuple[bool, ...]:
    """Which blocks were disturbed.

    A block is undisturbed if its involuntary switches (4 ms each) cost at most 1% of it, none in
    a block under 0.4 s, and it had the processor for 97% of its wall time. A workload that waits
    for its own disk or device never has it all the time: then its usual share (the 90th
    percentile of its blocks) takes the place of the whole.
    """
    shares = sorted(b.cpu_seconds / b.seconds if b.seconds else 1.0 for b in blocks)
    usual = min(1.0, shares[int(0.9 * (len(shares) - 1))]) if shares else 1.0
    return tuple(
        b.involuntary_switches * SWITCH_SECONDS > SWITCH_COST_SHARE * b.seconds
        or b.cpu_seconds < QUIET_CPU_SHARE * usual * b.seconds
        for b in blocks
    )
