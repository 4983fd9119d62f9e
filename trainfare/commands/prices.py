"""`trainfare prices`: what the price lists hold, how they differ, and getting them anew."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from results.errors import TrainfareError
from results.money import Currency, shown_in
from results.names import PROVIDER_NAMES
from results.records import Offer
from results.rows import number
from results.units import counted
from trainfare import options, output, pricing, settings

if TYPE_CHECKING:
    from estimators.live.refresh import Refreshed, Services
    from estimators.snapshot_diff import Difference


@click.group()
def prices() -> None:
    """Prices of managed training."""


@prices.command("list")
@options.offers
@click.option("--instance", help="Such as ml.g5.xlarge.")
@click.option("--max-usd-per-hour", type=options.Money(), help="Dearest rate shown.")
@options.prices
@options.currency
@options.as_json
def list_prices(
    instance: str | None,
    max_usd_per_hour: Decimal | None,
    price_files: tuple[Path, ...],
    currency: str,
    rate: Decimal | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """List offers, the cheapest first."""
    from estimators.catalog import select_offers

    shown = Currency.of(currency, rate)
    found = select_offers(
        pricing.catalog(price_files),
        providers=filters["providers"],
        regions=filters["regions"],
        instance_type=instance,
        accelerator=filters["gpu"],
        allocation=filters["allocation"],
        min_memory_gib=filters["min_memory"],
        max_usd_per_hour=max_usd_per_hour,
    )
    _print(found, shown, as_json)


@prices.command()
@click.argument("instance")
@options.prices
@options.currency
@options.as_json
def show(
    instance: str,
    price_files: tuple[Path, ...],
    currency: str,
    rate: Decimal | None,
    as_json: bool,
) -> None:
    """Show an instance type in every region: rate, basis, age and where it is from."""
    from estimators.catalog import select_offers

    shown = Currency.of(currency, rate)
    found = select_offers(pricing.catalog(price_files), instance_type=instance)
    _print(found, shown, as_json)
    if not as_json:
        for source in dict.fromkeys(o.source for o in found):
            output.print_line(f"  from {source}")
        for note in dict.fromkeys(o.notes for o in found if o.notes):
            output.print_line(f"  note: {note}")


def _print(found: list[Offer], shown: Currency, as_json: bool) -> None:
    found.sort(key=lambda o: (o.usd_per_hour, o.provider, o.instance_type, o.region))
    if as_json:
        output.print_json(offers=[_row(o) for o in found])
        return
    if not found:
        output.say("No offer matches all of that. Leave out a filter.")
        return
    from results.tables import price_table

    with shown_in(shown):
        output.print_table(price_table(found), "vCPU/GiB", "cloud")
    output.say(f"{counted(len(found), 'offer')}. '!' marks a price older than 90 days.")


def _row(offer: Offer) -> dict[str, object]:
    from results.codec import to_plain

    return {**to_plain(offer), "usd_per_hour": number(offer.usd_per_hour)}


@prices.command()
@click.argument("old", type=options.FOLDER)
@click.argument("new", type=options.FOLDER)
@options.as_json
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Compare two price lists (CSV files): what is new, gone, and priced differently."""
    from estimators.price_file import PriceFile
    from estimators.snapshot_diff import difference

    found = difference(PriceFile(old), PriceFile(new))
    if as_json:
        output.print_json(**_diff_row(found))
        return
    from results.tables import change_table

    if found.changed:
        rows = [(c.key, c.old, c.new, c.ratio) for c in found.changed]
        output.print_table(change_table(rows), "cloud")
    for mark, keys in (("+", found.added), ("-", found.removed)):
        for key in keys:
            output.print_line(f"{mark} {' '.join(key)}")
    output.print_line(_counts(found))


def _counts(found: "Difference") -> str:
    return (
        f"{len(found.changed)} changed, {len(found.added)} new, {len(found.removed)} gone, "
        f"{found.same} as before"
    )


def _diff_row(found: "Difference") -> dict[str, Any]:
    names = ("provider", "service", "instance_type", "region", "allocation")
    return {
        "changed": [
            {
                **dict(zip(names, c.key, strict=True)),
                "old_usd_per_hour": number(c.old),
                "new_usd_per_hour": number(c.new),
            }
            for c in found.changed
        ],
        "added": [dict(zip(names, key, strict=True)) for key in found.added],
        "removed": [dict(zip(names, key, strict=True)) for key in found.removed],
        "same": found.same,
    }


@prices.command()
@click.argument("providers", nargs=-1)
@click.option("--force", is_flag=True, help="Accept large changes.")
@options.as_json
def refresh(providers: tuple[str, ...], force: bool, as_json: bool) -> int:
    """Get today's prices of aws, gcp and azure: all of them if none is named.

    A list that fails or does not pass the checks leaves the one in force as it is.
    """
    from estimators.live.refresh import refresh as refresh_prices
    from estimators.lookup import known_provider

    output.show_log()
    whose = [known_provider(name) for name in providers] or list(PROVIDER_NAMES)
    services = _services()
    done: list[Refreshed] = []
    failed: list[tuple[str, TrainfareError]] = []
    for provider in whose:
        try:
            with output.progress(PROVIDER_NAMES[provider]) as progress:
                done.append(refresh_prices(provider, progress, force, services))
        except TrainfareError as error:
            failed.append((provider, error))
            output.say(f"! {PROVIDER_NAMES[provider]}: {error}")
        else:
            if not as_json:
                _say_refreshed(done[-1])
    if as_json:
        output.print_json(
            refreshed=[
                {"provider": r.provider, "file": str(r.path), "offers": r.offers,
                 **_diff_row(r.difference)}
                for r in done
            ],
            failed=[{"provider": name, "reason": str(error)} for name, error in failed],
        )  # fmt: skip
    return max((error.exit_code for _, error in failed), default=0)


def _services() -> "Services":
    """Where prices are fetched and how patiently, by `[prices]` of the settings."""
    from estimators.live.refresh import Services

    table = dict(settings.load().table("prices"))
    patience = table.pop("patience_seconds", None)
    addresses = {name: str(value) for name, value in table.items()}
    if patience is None:
        return Services(addresses=addresses)
    return Services(addresses=addresses, patience_seconds=float(patience))


def _say_refreshed(found: "Refreshed") -> None:
    output.print_line(
        f"{PROVIDER_NAMES[found.provider]}: {found.offers} prices, {_counts(found.difference)}"
    )
    output.print_line(f"  kept as {found.path}")
