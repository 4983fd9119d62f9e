"""`trainfare prices`: what the packaged price lists hold."""

from typing import Annotated

import typer

from results.records import Offer
from results.rows import number
from trainfare import options, output

app = typer.Typer(help="Prices of managed training.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def prices() -> None:
    """Prices of managed training."""


@app.command("list")
def list_prices(
    provider: Annotated[str | None, typer.Option(help="aws, gcp or azure.")] = None,
    region: Annotated[str | None, typer.Option(help="Such as us-east-1.")] = None,
    instance: Annotated[str | None, typer.Option(help="Such as ml.g5.xlarge.")] = None,
    gpu: Annotated[str | None, typer.Option(help="Such as T4; 'none' for CPU only.")] = None,
    allocation: Annotated[str | None, typer.Option(help="on_demand or spot.")] = None,
    max_usd_per_hour: Annotated[str | None, typer.Option(help="Dearest rate shown.")] = None,
    price_files: options.Prices = None,
    as_json: options.AsJson = False,
) -> None:
    """List offers, the cheapest first."""
    from estimators.catalog import load_offers, select_offers

    found = select_offers(
        load_offers(price_files),
        provider=provider,
        region=region,
        instance_type=instance,
        accelerator=gpu,
        allocation=allocation,
        max_usd_per_hour=options.decimal(max_usd_per_hour, "--max-usd-per-hour"),
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
