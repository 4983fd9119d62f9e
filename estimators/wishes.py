"""What a user wants of a job: done in time, within a budget, on so many machines at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from results import units
from results.errors import UsageError
from results.records import UsdInterval
from results.statistics import Interval

EVERY_COUNT_UP_TO = 4  # machines; beyond it only powers of two and the most that is allowed
MOST_NODES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Limits that an answer must keep with 90% probability; None where there is none."""

    deadline_seconds: float | None = None
    budget_usd: Decimal | None = None
    max_nodes: int | None = None

    def node_counts(self, nodes: int) -> Sequence[int]:
        """The numbers of machines to look at. Raises UsageError for a limit that is none."""
        most = self.max_nodes
        if most is None:
            return (nodes,)
        if not 1 <= most <= MOST_NODES:
            raise UsageError(f"--max-nodes {most} is no limit. Give 1 to {MOST_NODES}.")
        few = range(1, min(most, EVERY_COUNT_UP_TO) + 1)
        powers = (2**n for n in range(3, most.bit_length()))
        return sorted({*few, *(n for n in powers if n <= most), most})

    def refused(self, seconds: Interval, usd: UsdInterval) -> str | None:
        """Why a limit is kept with less than 90%; None where all are kept.

        The upper end of an 80% interval is the value that 90% stay below.
        """
        if self.deadline_seconds is not None and seconds.high > self.deadline_seconds:
            return f"less than 90% sure to end within {units.seconds_text(self.deadline_seconds)}"
        if self.budget_usd is not None and usd.high > self.budget_usd:
            return f"less than 90% sure to cost at most ${self.budget_usd}"
        return None


NO_WISHES = Wishes()
