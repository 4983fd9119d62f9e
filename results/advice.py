"""What changes to a training job gained when they were tried: raw paired times and a check each."""

from dataclasses import dataclass
from typing import Literal

from results.records import Machine, Workload
from results.statistics import Interval, median_interval

Gain = Literal["faster", "slower", "noise", "contended", "not tried"]

MIN_QUIET_ROUNDS = 5
Z99 = 2.576  # ten changes are tried: at 99% each, one of a hundred is wrong by chance
CONTROL = "nothing"  # the name of the trial that changes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Does the changed job still learn the same? Loss after as many steps from the same seed."""

    steps: int
    plain_loss: float  # mean over the last five steps
    changed_loss: float
    tolerance_ratio: float

    @property
    def passed(self) -> bool:
        """|changed − plain| ≤ tolerance × |plain|."""
        return abs(self.changed_loss - self.plain_loss) <= self.tolerance_ratio * abs(
            self.plain_loss
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One change against the plain job, in rounds of neighbouring blocks.

    Both times are seconds a sample; `disturbed[i]` says whether either block of round i was.
    """

    name: str
    change: str  # what to write
    plain_sample_seconds: tuple[float, ...] = ()
    changed_sample_seconds: tuple[float, ...] = ()
    disturbed: tuple[bool, ...] = ()
    setup_seconds: float | None = None  # once, for building it and its first steps
    check: Check | None = None
    check_note: str | None = None  # why there is none, or what it can't tell
    not_tried: str | None = None  # why

    @property
    def contended(self) -> bool:
        """Whether too few undisturbed rounds are left to carry the statistics."""
        return self.disturbed.count(False) < MIN_QUIET_ROUNDS

    @property
    def speed_up(self) -> Interval | None:
        """Samples a second, changed / plain: median over rounds with its 99% interval.

        Spans all rounds if contended; None where it was not tried.
        """
        rounds = zip(
            self.plain_sample_seconds, self.changed_sample_seconds, self.disturbed, strict=True
        )
        found = [plain / changed for plain, changed, bad in rounds if self.contended or not bad]
        if not found:
            return None
        middle = median_interval(found, Z99)
        if self.contended:
            return Interval(low=min(found), mid=middle.mid, high=max(found))
        return middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All that was tried on one workload; `trials[0]` changes nothing and shows the noise."""

    advice_id: str
    captured_at: str
    run_id: str  # the measurement of the plain job
    workload: Workload
    machine: Machine
    trials: tuple[Trial, ...]
    partial: bool = False

    @property
    def noise_ratio(self) -> float:
        """How far from 1 the plain job's speed-up over itself may be: the farther end."""
        control = self.trials[0].speed_up if self.trials else None
        return max(control.high - 1, 1 / control.low - 1) if control else 0.0

    def gain(self, trial: Trial) -> Gain:
        """`faster` or `slower` where the whole interval lies beyond the noise, else `noise`.

        `contended` where other work had too large a part in it: it may favour either.
        """
        found = trial.speed_up
        if found is None:
            return "not tried"
        if trial.contended:
            return "contended"
        if found.low > 1 + self.noise_ratio:
            return "faster"
        return "slower" if found.high < 1 / (1 + self.noise_ratio) else "noise"
