"""Every offer of the catalog gets its bill from the record in brief, exact to the last digit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from estimators.billing.settings import DEFAULTS, from_table
from estimators.catalog import as_spot
from estimators.rank import rank
from estimators.wishes import Wishes
from results import codec
from results.all_offers import AllOffers, all_offers
from results.records import Job, Offer, Quote, Run


def test_the_bills_in_brief_are_the_bills(
    make_run: Callable[..., Run], catalog: Sequence[Offer]
) -> None:
    run = make_run()
    run = replace(run, workload=replace(run.workload, parameter_count=1_000_000))
    job = Job(workload=run.workload, epochs=10, samples_per_epoch=60_000)
    discounted = from_table({"aws": {"commitment_discount": Decimal("0.27"), "idle_seconds": 30}})
    spot = [as_spot(o) for o in catalog if o.provider == "aws" and o.allocation == "on_demand"]
    for offers, billing, wishes in (
        (catalog, DEFAULTS, Wishes()),
        (catalog, discounted, Wishes(max_nodes=4)),
        ([o for o in catalog if o.provider != "aws"] + spot, DEFAULTS, Wishes()),
    ):
        priced = rank(run, job, offers, billing, wishes).priced
        quote = Quote(quote_id="q", captured_at="now", run_id="r", verdict="quiet", estimates=())
        kept = codec.loads(codec.dumps(all_offers(quote, priced)), AllOffers)
        assert len(kept.estimates) == len(priced) > 1300
        assert len(kept.bills) < len(priced) / 3
        for one, brief in zip(priced, kept.estimates, strict=True):
            assert kept.items(brief) == one.estimate().items
