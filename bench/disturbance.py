"""Was something else using the processor while a block ran? Counters of the kernel know.

Found by experiment (benchmarks/disturbance.py shows it): the time that a process's threads waited
for a processor tells a disturbed block from a quiet one, in blocks of single steps. Longer blocks
are spoilt more often; counting involuntary switches alone also throws out blocks that lost next
to nothing (40% of a quiet CNN's with two threads).
"""

import resource
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench.core_speed import probe_seconds
from bench.machine import usable_cpu_count
from bench.proc import (
    RunQueue,
    Steal,
    busy_seconds,
    children_cpu_seconds,
    ended_children_cpu_seconds,
)

# A process that ran undisturbed has had the processor for all of its wall time.
QUIET_CPU_SHARE = 0.97
WAIT_SHARE = 0.01  # of a block's time that its threads may wait for a processor
# No epoch of seconds goes by without a tick stolen and a daemon's turn: on a quiet machine every
# one lost over 1%. What costs less than this is within how epochs differ anyway.
LONG_SECONDS, LONG_WAIT_SHARE = 0.5, 0.05
# A step that begins right after its process got the processor back finds cold caches: an MLP's
# took 48 to 79% longer then, an RNN's 14 to 53%, the one after it 5 to 20%. Long ones do not care.
COLD_SECONDS, LONG_ENOUGH_SECONDS = 0.002, 0.005
# Of one processor, beside a job with workers: ticks are as coarse as that. While half of the
# processors had nothing to do, and so whole cores where each counts twice, nobody had to wait.
NEIGHBOUR_SHARE, IDLE_SHARE = 0.25, 0.5
# Where waiting is not counted: a switch costs up to one scheduler slice, about 4 ms.
SWITCH_SECONDS = 0.004

_run_queue, _steal = RunQueue(), Steal()


class Block(NamedTuple):
    """One timed stretch of work and what the kernel counted meanwhile, for the whole process."""

    seconds: float
    cpu_seconds: float
    involuntary_switches: int
    wait_seconds: float | None = None  # its threads' waiting for a processor; None: not counted
    steal_seconds: float | None = None  # what the hypervisor took from the machine
    foreign: bool = False  # the GPU was slowed down or shared while it ran, see bench.nvml
    probe_seconds: float | None = None  # the slower of two probes around it, see bench.core_speed

    def plus(self, other: "Block") -> "Block":
        """The two stretches as one."""
        return Block(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.involuntary_switches + other.involuntary_switches,
            _sum(self.wait_seconds, other.wait_seconds),
            _sum(self.steal_seconds, other.steal_seconds),
            self.foreign or other.foreign,
        )


class Counters(NamedTuple):
    """Processor time, involuntary switches, waiting and stolen time so far, all threads; and how
    fast the core was just before."""

    cpu_nanoseconds: int
    involuntary_switches: int
    wait_nanoseconds: int | None
    steal_seconds: float | None
    probe_seconds: float

    @classmethod
    def now(cls) -> "Counters":
        """Probe the core and read the counters; 25 µs, so only between timed stretches."""
        return cls._read(probe_seconds())  # first, or the probe's time would count as the block's

    @classmethod
    def _read(cls, probed: float) -> "Counters":
        return cls(
            time.process_time_ns(),
            resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw,
            _run_queue.wait_nanoseconds(),
            _steal.seconds(),
            probed,
        )

    def block(self, seconds: float) -> Block:
        """The block of `seconds` wall time that began when these counters were read."""
        end = Counters._read(0.0)
        waited = _difference(end.wait_nanoseconds, self.wait_nanoseconds)
        return Block(
            seconds,
            (end.cpu_nanoseconds - self.cpu_nanoseconds) / 1e9,
            end.involuntary_switches - self.involuntary_switches,
            None if waited is None else waited / 1e9,
            _difference(end.steal_seconds, self.steal_seconds),
            probe_seconds=max(self.probe_seconds, probe_seconds()),
        )


class Neighbours(NamedTuple):
    """Who else used the processors over a burst of blocks: what the machine used less our own.

    Undisturbed blocks share caches and memory with the others all the same. And beside worker
    processes of the job's own it is the only way to tell: those compete with their own parent, so
    that its threads' waiting says nothing.
    """

    busy_seconds: float | None
    own_seconds: float  # this process and its children, those that have ended too
    has_workers: bool
    wall_seconds: float

    @classmethod
    def now(cls) -> "Neighbours":
        """Read the counters; about 0.1 ms, so only between bursts."""
        children = children_cpu_seconds()
        own = time.process_time() + (children or 0.0) + ended_children_cpu_seconds()
        return cls(busy_seconds(), own, children is not None, time.perf_counter())

    def others_seconds(self, end: "Neighbours") -> float | None:
        """Processor time that others used from this reading to `end`; None where not counted."""
        busy = _difference(end.busy_seconds, self.busy_seconds)
        return None if busy is None else max(0.0, busy - (end.own_seconds - self.own_seconds))

    def others_processors(self, end: "Neighbours") -> float | None:
        """Processors that others kept busy from this reading to `end`; None where not counted."""
        others = self.others_seconds(end)
        wall = end.wall_seconds - self.wall_seconds
        return None if others is None or not wall else others / wall

    def judge(self, blocks: list[Block], end: "Neighbours") -> list[Block]:
        """The blocks between the two readings: with worker processes, all disturbed or none.

        Disturbed are those beside others that used over a quarter of a processor, where more than
        half of the processors that this process may run on were busy.
        """
        others, busy = self.others_seconds(end), _difference(end.busy_seconds, self.busy_seconds)
        if others is None or busy is None or not end.has_workers:
            return blocks
        wall = end.wall_seconds - self.wall_seconds
        is_full = busy > (1 - IDLE_SHARE) * usable_cpu_count() * wall
        foreign = is_full and others > NEIGHBOUR_SHARE * wall
        return [
            b._replace(wait_seconds=0.0, foreign=b.foreign or foreign, probe_seconds=None)
            for b in blocks
        ]


def find_threads() -> None:
    """Look for the process's threads anew; between bursts of blocks, for pools grow."""
    _run_queue.refresh()


def disturbed(blocks: Sequence[Block]) -> tuple[bool, ...]:
    """Which blocks were disturbed.

    A block is undisturbed if its threads' waiting for a processor (where that is not counted: its
    involuntary switches, 4 ms each) and what the hypervisor took are at most 1% of its time, 5% of
    a block over 0.5 s, and if it had the processor for 97% of its wall time. Blocks under 5 ms must
    also begin 2 ms after the last disturbed one: caches are cold before. A workload that
    waits for its own disk or device never has it all the time: then its usual share (the 90th
    percentile of its blocks) takes the place of the whole.
    """
    shares = sorted(b.cpu_seconds / b.seconds if b.seconds else 1.0 for b in blocks)
    usual = min(1.0, shares[int(0.9 * (len(shares) - 1))]) if shares else 1.0
    return _with_aftermath(
        blocks,
        [
            b.foreign
            or _lost_seconds(b)
            > b.seconds * (LONG_WAIT_SHARE if b.seconds > LONG_SECONDS else WAIT_SHARE)
            or b.cpu_seconds < QUIET_CPU_SHARE * usual * b.seconds
            for b in blocks
        ],
    )


def _with_aftermath(blocks: Sequence[Block], bad: Sequence[bool]) -> tuple[bool, ...]:
    """Short blocks that begin within 2 ms after a disturbed one count as disturbed too."""
    found, since = [], COLD_SECONDS
    for block, is_bad in zip(blocks, bad, strict=True):
        is_cold = since < COLD_SECONDS and block.seconds < LONG_ENOUGH_SECONDS
        found.append(is_bad or is_cold)
        since = 0.0 if is_bad else since + block.seconds
    return tuple(found)


def _lost_seconds(block: Block) -> float:
    stolen = block.steal_seconds or 0.0
    if block.wait_seconds is not None:
        return block.wait_seconds + stolen
    return block.involuntary_switches * SWITCH_SECONDS + stolen


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _difference(end: float | None, start: float | None) -> float | None:
    return None if end is None or start is None else max(0, end - start)
