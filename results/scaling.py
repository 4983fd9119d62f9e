"""How much is lost when several devices train together, as raw times of interleaved blocks."""

from dataclasses import dataclass
from typing import Literal

from results.statistics import Interval, median_interval

MIN_QUIET_ROUNDS = 5
MAX_FOREIGN_CORES = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Rounds of one process alone and of all together, in turn, the batch of a process kept.

    `single_block_seconds[i]` is a block of the first process without the others,
    `parallel_block_seconds[i]` the same number of data-parallel steps just before or after it, on
    the slowest process. `disturbed[i]` says whether the block alone was: processes that wait for
    one another can't tell. What else was at work meanwhile is told by `foreign_cores`.
    """

    processes: int
    backend: Literal["gloo", "nccl"]
    threads: int  # of each process
    batch_size: int  # of each process
    steps_per_block: int
    single_block_seconds: tuple[float, ...]
    parallel_block_seconds: tuple[float, ...]
    disturbed: tuple[bool, ...]
    foreign_cores: float | None = None  # processors that others used meanwhile, on average
    stopped_because: Literal["precise", "time", "interrupted"] = "time"

    @property
    def contended(self) -> bool:
        """Whether too few undisturbed rounds are left, or others were at work all the time."""
        others = self.foreign_cores is not None and self.foreign_cores > MAX_FOREIGN_CORES
        return others or self.disturbed.count(False) < MIN_QUIET_ROUNDS

    @property
    def efficiencies(self) -> tuple[float, ...]:
        """t₁ / t_N of each round that counts: of the undisturbed ones, of all if contended."""
        rounds = zip(
            self.single_block_seconds, self.parallel_block_seconds, self.disturbed, strict=True
        )
        return tuple(one / all_ for one, all_, bad in rounds if self.contended or not bad)

    @property
    def efficiency(self) -> Interval:
        """Weak scaling t₁ / t_N, 1 if nothing is lost: median over rounds, its 95% interval.

        Each ratio is of neighbours, so a drift of the machine cancels. Spans all rounds if
        contended. Raises ValueError without a round.
        """
        found = median_interval(self.efficiencies)
        if not self.contended:
            return found
        return Interval(low=min(self.efficiencies), mid=found.mid, high=max(self.efficiencies))

    @property
    def step_factor(self) -> Interval:
        """How much longer a step takes together than alone: 1 / efficiency, for projections."""
        found = self.efficiency
        return Interval(low=1 / found.high, mid=1 / found.mid, high=1 / found.low)

    @property
    def speed_up(self) -> Interval:
        """Samples a second of all together over those of one: processes × efficiency."""
        return self.efficiency.scaled(self.processes)
