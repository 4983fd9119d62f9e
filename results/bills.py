"""The bill of a job whose time is known, line by line; money is exact decimals."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

BillEvidence = Literal["given", "billed", "published", "proxy", "derived", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillItem:
    """One line: how much of what, what it costs, who bills it and how that is known."""

    name: str
    quantity: Decimal
    unit: str
    usd: Decimal
    billed_by: str
    evidence: BillEvidence
    note: str  # the rule or rate it rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one service bills for one job."""

    items: tuple[BillItem, ...]

    @property
    def total_usd(self) -> Decimal:
        """The sum of the lines."""
        return sum((item.usd for item in self.items), Decimal(0))
