"""The price catalog: load it, pick offers from it, find the one that is asked for."""

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, overload

from estimators import lookup
from estimators.lookup import ALLOCATION_NAMES, PROVIDER_SERVICES
from estimators.price_file import KEY, PriceFile, priced_twice
from results.errors import NoAnswerError, UsageError
from results.records import Offer

PACKAGED = tuple(
    Path(__file__).parent / "data" / f"{service}.csv" for service in PROVIDER_SERVICES.values()
)
GIVEN = "given"  # the source of a rate that the user named
SPOT_CEILING_NOTE = "spot never bills above the on-demand rate, which is shown as the ceiling"


class Catalog(Sequence[Offer]):
    """The rows of several price files as one sequence; an offer is built when it is looked at."""

    def __init__(self, files: Sequence[PriceFile]) -> None:
        """Raises RecordError where two files price the same thing."""
        self.files = tuple(files)
        self._starts = [0]
        for file in self.files:
            self._starts.append(self._starts[-1] + len(file))
        _priced_once(self.files)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Offer: ...
    @overload
    def __getitem__(self, index: slice) -> list[Offer]: ...
    def __getitem__(self, index: int | slice) -> Offer | list[Offer]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        number = bisect_right(self._starts, place) - 1
        return self.files[number].offer(place - self._starts[number])

    def __iter__(self) -> Iterator[Offer]:
        return (file.offer(index) for file in self.files for index in range(len(file)))

    def column(self, field: str) -> list[Any]:
        """The values of one field of `Offer`, row by row."""
        return list(chain.from_iterable(file.column(field) for file in self.files))


def load_offers(files: Sequence[Path] | None = None) -> Catalog:
    """Every offer of `files`, or of the packaged snapshot of all providers.

    Raises RecordError where a file is not as it must be, or prices the same thing twice.
    """
    with uncollected():
        return Catalog([PriceFile(path) for path in files or PACKAGED])


@contextmanager
def uncollected() -> Iterator[None]:
    """Read without looking for garbage, of which there is none: that would take half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _priced_once(files: Sequence[PriceFile]) -> None:
    """Within a file it is known; two files are compared where they speak of the same provider."""
    seen: dict[tuple[str, ...], Path] = {}
    for number, file in enumerate(files):
        others = [f for n, f in enumerate(files) if n != number]
        shared = {p for f in others for p in f.column("provider")} & set(file.column("provider"))
        if not shared:
            continue
        for key in zip(*(file.column(name) for name in KEY), strict=True):
            if key in seen:
                raise priced_twice(file.path, key, seen[key])
            seen[key] = file.path


def select_offers(
    offers: Sequence[Offer],
    *,
    providers: Sequence[str] = (),
    regions: Sequence[str] = (),
    instance_type: str | None = None,
    accelerator: str | None = None,
    allocation: str | None = None,
    max_usd_per_hour: Decimal | None = None,
    min_memory_gib: Decimal | None = None,
) -> list[Offer]:
    """The offers that fit every filter given; upper and lower case are the same.

    `accelerator` may be `none` or `cpu`; `min_memory_gib` is of the machine. Raises UsageError
    for a name that is in no price list and NoAnswerError where a known instance is not priced in
    a region; names that are known but match nothing together give an empty list.
    """
    _check_limit(max_usd_per_hour)
    if min_memory_gib is not None and min_memory_gib <= 0:
        raise UsageError(f"'{min_memory_gib}' is no memory. Give GiB above 0, as 16.")
    sieve = _Sieve(offers)
    whose = [lookup.known_provider(name) for name in providers]
    owner = whose[0] if len(whose) == 1 else None
    if whose:
        sieve.keep("provider", whose.__contains__)
    if instance_type is not None:
        kind = lookup.known_instance(instance_type, sieve.names("instance_type"), owner)
        sieve.keep("instance_type", kind.__eq__)
    scope = sieve.copy()  # what a name may be known from, whatever else is asked
    if accelerator is not None:
        known = scope.names("accelerator") - {None}
        gpu = lookup.known_accelerator(accelerator, known, lookup.see_list(owner))
        sieve.keep("accelerator", lambda name: name == gpu)
    if regions:
        known = scope.names("region")
        if instance_type is not None:
            places = [lookup.region_of_instance(r, known, kind, None) for r in regions]
        else:
            places = [lookup.known_region(r, known, owner) for r in regions]
        sieve.keep("region", places.__contains__)
    if allocation is not None:
        how = lookup.known_allocation(allocation)
        sieve.keep("allocation", how.__eq__)
    if max_usd_per_hour is not None:
        sieve.keep("usd_per_hour", lambda usd: usd <= max_usd_per_hour)
    if min_memory_gib is not None:
        sieve.keep("memory_gib", lambda gib: gib >= min_memory_gib)
    return sieve.offers()


class _Sieve:
    """Places in a sequence of offers, narrowed column by column; each distinct value is asked
    about once."""

    def __init__(self, offers: Sequence[Offer], left: list[int] | None = None) -> None:
        self.all, self.left = offers, left

    def copy(self) -> "_Sieve":
        return _Sieve(self.all, self.left)

    def _cells(self, field: str) -> list[Any]:
        if isinstance(self.all, Catalog):
            cells = self.all.column(field)
        else:
            cells = [getattr(offer, field) for offer in self.all]
        return cells if self.left is None else [cells[i] for i in self.left]

    def names(self, field: str) -> set[Any]:
        return set(self._cells(field))

    def keep(self, field: str, fits: Callable[[Any], bool]) -> None:
        cells = self._cells(field)
        fitting = {cell for cell in set(cells) if fits(cell)}
        places = range(len(self.all)) if self.left is None else self.left
        self.left = [i for i, cell in zip(places, cells, strict=True) if cell in fitting]

    def offers(self) -> list[Offer]:
        return list(self.all) if self.left is None else [self.all[i] for i in self.left]


def find_offer(
    offers: Sequence[Offer], provider: str, instance_type: str, region: str, allocation: str
) -> Offer:
    """The one offer asked for.

    Raises UsageError for a name that is in no price list and NoAnswerError where the instance is
    known, but has no price for that region or way to rent.
    """
    whose, how = lookup.known_provider(provider), lookup.known_allocation(allocation)
    kinds = select_offers(offers, providers=[whose], instance_type=instance_type)
    kind = kinds[0].instance_type
    rented = [o for o in kinds if o.allocation == how]
    if not rented:
        known = {ALLOCATION_NAMES[o.allocation] for o in kinds}
        raise NoAnswerError(
            f"No {ALLOCATION_NAMES[how]} price known for {kind!r}, only {' and '.join(known)}. "
            f"See: {lookup.see_list(whose)}"
        )
    place = lookup.region_of_instance(region, {o.region for o in rented}, kind, how)
    return next(o for o in rented if o.region == place)


def spot_ceiling_offer(
    offers: Sequence[Offer], provider: str, instance_type: str, region: str
) -> Offer:
    """The on-demand offer labelled `spot`, to bound a spot job that has no price of its own.

    Spot capacity never bills above the on-demand rate, so a cap computed from it holds. Raises as
    `find_offer` does for the on-demand offer.
    """
    return as_spot(find_offer(offers, provider, instance_type, region, "on_demand"))


def as_spot(on_demand: Offer) -> Offer:
    """The same as spot, whose rate is unknown and which therefore keeps the on-demand one."""
    notes = f"{on_demand.notes}; {SPOT_CEILING_NOTE}" if on_demand.notes else SPOT_CEILING_NOTE
    return replace(on_demand, allocation="spot", notes=notes)


def offer_at(
    offers: Sequence[Offer],
    provider: str,
    instance_type: str,
    region: str,
    allocation: str,
    usd_per_hour: Decimal,
) -> Offer:
    """A known instance at the user's own rate, in any region. Raises UsageError for a name that
    is in no price list."""
    whose, how = lookup.known_provider(provider), lookup.known_allocation(allocation)
    alike = select_offers(offers, providers=[whose], instance_type=instance_type)[0]
    return replace(
        alike,
        region=region,
        allocation=how,
        usd_per_hour=usd_per_hour,
        basis="billed",
        as_of=datetime.now(UTC).date().isoformat(),
        source=GIVEN,
        sku=None,
        licence=None,
        notes=None,
    )


def is_spot_ceiling(offer: Offer) -> bool:
    """Whether the rate is the on-demand one in place of an unknown spot rate."""
    return SPOT_CEILING_NOTE in (offer.notes or "")


def _check_limit(max_usd_per_hour: Decimal | None) -> None:
    if max_usd_per_hour is None or (max_usd_per_hour.is_finite() and max_usd_per_hour > 0):
        return
    raise UsageError(f"'{max_usd_per_hour}' is no price limit. Give USD an hour above 0, as 1.50.")
