"""The rules of all services, with what `trainfare.toml` overrides."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Final

from estimators.billing import aws, azure, gcp
from estimators.billing.rules import OWN_FILE, PHASES, BillingRules, Rule
from results.errors import RecordError, near
from results.records import Provider

Billing = Mapping[Provider, BillingRules]
LEAST, MOST = Decimal("0.000001"), 10**9  # of a rule
DEFAULTS: Final[Billing] = {"aws": aws.RULES, "gcp": gcp.RULES, "azure": azure.RULES}


def from_table(table: Mapping[str, Any]) -> Billing:
    """The default rules with those of the `[billing.…]` sections in their place.

    Raises RecordError for a section, key or value that is none.
    """
    rules = dict(DEFAULTS)
    for name, section in table.items():
        if name not in DEFAULTS or not isinstance(section, Mapping):
            raise RecordError(
                f"{OWN_FILE}: [billing] has {name!r}; expected sections [billing.aws], "
                "[billing.gcp] or [billing.azure]."
            )
        provider: Provider = name  # type: ignore[assignment]  # it is among the defaults
        rules[provider] = _overridden(rules[provider], section, f"[billing.{name}]")
    return rules


def _overridden(rules: BillingRules, section: Mapping[str, Any], where: str) -> BillingRules:
    names = [field.name for field in fields(BillingRules)]
    changes: dict[str, Any] = {}
    for key, value in section.items():
        if key not in names:
            raise RecordError(f"{OWN_FILE}: {where} has a key {key!r}. {near(key, names)}")
        read: Callable[[Any], Any] = READERS.get(key, _amount)
        try:
            changes[key] = Rule(value=read(value), source=OWN_FILE)
        except ValueError as expected:
            raise RecordError(
                f"{OWN_FILE}: {where} {key} is {repr(value)[:60]}; expected {expected}."
            ) from None
    return replace(rules, **changes)


def _amount(value: Any) -> Decimal:
    number = Decimal(value) if type(value) in (int, Decimal) else None
    if number is None or not number.is_finite() or not 0 <= number <= MOST:
        raise ValueError(f"a number from 0 up to {MOST:,}")
    return number


def _above_zero(value: Any) -> Decimal:
    if (number := _amount(value)) < LEAST:
        raise ValueError(f"a number above 0, at least {LEAST}")
    return number


def _share(value: Any) -> Decimal:
    number = _amount(value)
    if number >= 1:
        raise ValueError("a share from 0 to below 1, such as 0.3")
    return number


def _saving(value: Any) -> tuple[Decimal, Decimal, Decimal]:
    share = _share(value)
    return share, share, share


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("a list of names")
    return tuple(value)


def _phases(value: Any) -> tuple[str, ...]:
    names = _names(value)
    if not set(names) <= set(PHASES):
        raise ValueError(f"a list of names out of {', '.join(PHASES)}")
    return names


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "granularity_seconds": _above_zero,
    "nodes_per_share": _above_zero,
    "commitment_discount": _share,
    "spot_saving": _saving,
    "billed_phases": _phases,
    "no_disk_families": _names,
}
