"""The currency in which money is shown; everything inside stays in USD."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from results.errors import UsageError

LEAST_PER_USD, MOST_PER_USD = Decimal("0.000001"), Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Currency:
    """What one USD is in it, and how it is written."""

    code: str = "USD"
    per_usd: Decimal = Decimal(1)

    @classmethod
    def of(cls, code: str, per_usd: Decimal | None) -> "Currency":
        """The currency asked for. Raises UsageError where code and rate don't go together."""
        name = code.strip().upper()
        if not re.fullmatch("[A-Z]{3}", name):
            raise UsageError(f"'{code}' is no currency. Give three letters, as --currency EUR.")
        if name == "USD" and per_usd not in (None, Decimal(1)):
            raise UsageError("--rate is for another currency than USD. Add one, as --currency EUR.")
        if name != "USD" and per_usd is None:
            raise UsageError(
                f"No rate is known for {name}, and none is looked up. Say what one USD is in it: "
                f"--currency {name} --rate 0.92"
            )
        if per_usd is not None and not LEAST_PER_USD <= per_usd <= MOST_PER_USD:
            raise UsageError(
                f"--rate {str(per_usd)[:40]} is no rate of a currency. Give what one USD is in "
                f"{name}, {LEAST_PER_USD} to {MOST_PER_USD:,}, as 0.92."
            )
        return cls(name, per_usd or Decimal(1))

    @property
    def symbol(self) -> str:
        """What stands before an amount: `$`, or `EUR `."""
        return "$" if self.code == "USD" else f"{self.code} "


USD = Currency()
_SHOWN: ContextVar[Currency] = ContextVar("shown", default=USD)


def current() -> Currency:
    """The currency of what is printed now."""
    return _SHOWN.get()


@contextmanager
def shown_in(currency: Currency) -> Iterator[None]:
    """Print money in `currency` within."""
    before = _SHOWN.set(currency)
    try:
        yield
    finally:
        _SHOWN.reset(before)
