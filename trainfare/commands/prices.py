"""`trainfare prices`: what the packaged price lists hold."""

from decimal import Decimal
from pathlib import Path

import click

from results.records import Offer
from results.rows import number
from trainfare import options, output


@click.group()
def prices() -> None:
    """Prices of managed training."""


@prices.command("list")
@click.option("--provider", help="aws, gcp or azure.")
@click.option("--region", help="Such as us-east-1.")
@click.option("--instance", help="Such as ml.g5.xlarge.")
@click.option("--gpu", help="Such as T4; none for CPU only.")
@click.option("--allocation", help="on_demand or spot.")
@click.option("--max-usd-per-hour", type=options.Money(), help="Dearest rate shown.")
@options.prices
@options.as_json
def list_prices(
    provider: str | None,
    region: str | None,
    instance: str | None,
    gpu: str | None,
    allocation: str | None,
    max_usd_per_hour: Decimal | None,
    price_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """List offers, the cheapest first."""
    from estimators.catalog import load_offers, select_offers

    found = select_offers(
        load_offers(price_files),
        providers=[provider] if provider else [],
        regions=[region] if region else [],
        instance_type=instance,
        accelerator=gpu,
        allocation=allocation,
        max_usd_per_hour=max_usd_per_hour,
    )
    found.sort(key=lambda o: (o.usd_per_hour, o.provider, o.instance_type, o.region))
    if as_json:
        output.print_json(offers=[_row(o) for o in found])
        return
    if not found:
        output.say("No offer matches all of that. Leave out a filter.")
        return
    from results.tables import price_table

    output.print_table(price_table(found))
    output.say(f"{len(found)} offers. '!' marks a price older than 90 days.")


def _row(offer: Offer) -> dict[str, object]:
    from results.codec import to_plain

    return {**to_plain(offer), "usd_per_hour": number(offer.usd_per_hour)}
