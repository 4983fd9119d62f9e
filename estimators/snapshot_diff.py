"""How two price lists differ."""

from dataclasses import dataclass
from decimal import Decimal

from estimators.price_file import KEY, PriceFile

Key = tuple[str, ...]  # provider, service, instance type, region, allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One price that is another now, USD an hour."""

    key: Key
    old: Decimal
    new: Decimal

    @property
    def ratio(self) -> Decimal:
        """new / old."""
        return self.new / self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is new, gone and priced differently; the largest change first."""

    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    changed: tuple[Change, ...]
    same: int


def difference(old: PriceFile, new: PriceFile) -> Difference:
    """From `old` to `new`."""
    before, after = _prices(old), _prices(new)
    both = before.keys() & after.keys()
    changed = [Change(key=k, old=before[k], new=after[k]) for k in both if before[k] != after[k]]
    return Difference(
        added=tuple(sorted(after.keys() - both)),
        removed=tuple(sorted(before.keys() - both)),
        changed=tuple(sorted(changed, key=lambda c: (-abs(c.ratio - 1), c.key))),
        same=len(both) - len(changed),
    )


def _prices(file: PriceFile) -> dict[Key, Decimal]:
    keys = zip(*(file.column(name) for name in KEY), strict=True)
    return dict(zip(keys, file.column("usd_per_hour"), strict=True))
