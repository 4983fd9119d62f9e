"""The lines of an estimate add up to its whole, whatever the offer and the rules."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators import combine
from estimators.billing.rules import BillingRules, Rule
from estimators.billing.settings import DEFAULTS, from_table
from estimators.catalog import as_spot
from estimators.items import Charges
from estimators.timing import Around, Timing
from results import phases
from results.records import Offer, Provider
from results.statistics import Interval

MakeOffer = Callable[..., Offer]
MOST = Decimal("0.00001")  # fifteen lines and a whole, each rounded to 1e-6


def exactly(seconds: float) -> Interval:
    return Interval(low=seconds, mid=seconds, high=seconds)


def charges(
    offer: Offer, rules: BillingRules, times: dict[str, Interval], nodes: int, share: Any
) -> Charges:
    """Of a job whose phases take so long; `share` of the rate is paid."""
    training = {phases.TRAINING: (times[phases.TRAINING], "measured")}
    beside: Any = {
        name: (times.get(name, exactly(0)), "assumed") for name in (*phases.START_UP, phases.UPLOAD)
    }
    around = Around(
        phases=beside,
        billed_names=rules.billed_phases.value,
        idle_seconds=float(rules.idle_seconds.value),
        spot=offer.allocation == "spot",
        importing=(exactly(0), "assumed"),
        billed_share=share,
    )
    work = combine.points(times[phases.TRAINING])
    timing: Any = Timing(
        training=training,  # type: ignore[arg-type]  # two literals
        around=around,
        waited=combine.interval_of(combine.plus(around.waited, work)),
        billed=combine.plus(around.billed, work),
    )
    return Charges(timing, offer.provider, nodes, rules)


providers = st.sampled_from(["aws", "gcp", "azure"])
rates = st.decimals("0.0001", 1000, places=4)
some = st.decimals(0, 500, places=1)
exact = st.integers(0, 10**5).map(exactly)
# Not without limit: of heavier tails the 90% point of a sum lies beyond that of its parts.
uncertain = st.tuples(st.floats(1, 1e4), st.floats(1, 3), st.floats(1, 3)).map(
    lambda t: Interval(low=t[0] / t[1], mid=t[0], high=t[0] * t[2])
)


def rules_of(provider: Provider, **values: Decimal) -> BillingRules:
    changed: Any = {name: Rule(value=value, source="a test") for name, value in values.items()}
    return replace(DEFAULTS[provider], **changed)


@settings(deadline=None, max_examples=60)
@given(
    provider=providers, rate=rates, nodes=st.integers(1, 60), idle=some, disk=some, least=some,
    step=st.sampled_from(["1", "30", "60"]),
    saving=st.none() | st.decimals("0.01", "0.95", places=2),
    times=st.lists(exact, min_size=3, max_size=3) | st.lists(uncertain, min_size=3, max_size=3),
)  # fmt: skip
def test_the_lines_add_up_to_the_whole(
    make_offer: MakeOffer, provider: Provider, rate: Decimal, nodes: int, idle: Decimal,
    disk: Decimal, least: Decimal, step: str, saving: Decimal | None, times: list[Interval],
) -> None:  # fmt: skip
    """The ends of the whole lie within the sums of the lines' ends; where all is certain, all
    that lies between is the line of the rounding."""
    rules = rules_of(
        provider, idle_seconds=idle, job_disk_gib=disk, minimum_seconds=least,
        disk_usd_per_gib_hour=Decimal("0.0003"), granularity_seconds=Decimal(step),
    )  # fmt: skip
    offer = make_offer(provider=provider, usd_per_hour=rate, instance_type="m5")
    offer = offer if saving is None else as_spot(offer)
    share = None if saving is None else exactly(1 - float(saving))
    names = (phases.PULL, phases.TRAINING, phases.UPLOAD)
    found = charges(offer, rules, dict(zip(names, times, strict=True)), nodes, share)
    whole, items = found.whole_usd(offer), [line.item(rate, nodes) for line in found.lines(offer)]
    low = sum(item.usd.low for item in items)
    high = sum(item.usd.high for item in items)
    certain = all(t.low == t.high for t in times)
    most = MOST + high * Decimal("1e-9" if certain else "0.02")  # points of a sample
    assert low - most <= whole.low <= whole.mid <= whole.high <= high + most
    if certain:
        (rounding,) = (i.usd for i in items if i.name == phases.ROUNDING)
        assert whole.low == whole.high
        assert high - low == rounding.high - rounding.low
    everything = Decimal(sum(t.high for t in times)) + idle + least + Decimal(step)
    dearest = rate + disk * Decimal("0.0003") + Decimal("0.01375")
    assert whole.high <= dearest * nodes * everything / 3600 + most


def test_low_priority_idles_at_its_own_rate(make_offer: MakeOffer) -> None:
    """120 s at a fifth of $0.526 an hour are $0.0035, in the line as in the whole; the load
    balancer costs what it costs."""
    rules = from_table({"azure": {"spot_saving": Decimal("0.8")}})["azure"]
    offer = as_spot(make_offer(provider="azure", usd_per_hour=Decimal("0.526")))
    times = {phases.TRAINING: exactly(3600), phases.PULL: exactly(0)}
    found = charges(offer, rules, times, 1, exactly(0.2))
    items = {line.name: line.item(offer.usd_per_hour, 1).usd.mid for line in found.lines(offer)}
    assert items[phases.IDLE] == Decimal("0.003507")
    shared = pytest.approx(Decimal("0.014208"), abs=Decimal("0.000005"))  # 3,720 s of $0.33 a day
    assert items[phases.SHARED] == shared
    assert found.whole_usd(offer).mid == pytest.approx(
        Decimal("0.1052") + Decimal("0.003507") + Decimal("0.014208"), abs=Decimal("0.00016")
    )


def test_managed_spot_saves_nothing_of_the_disk(make_offer: MakeOffer) -> None:
    """30 GiB for 10 h at $0.154 a GB-month and the second of rounding are $0.0633 on spot too."""
    for offer, share in ((make_offer(), None), (as_spot(make_offer()), exactly(0.365))):
        times = {phases.TRAINING: exactly(36_000), phases.PULL: exactly(0)}
        found = charges(offer, DEFAULTS["aws"], times, 1, share)
        items = {line.name: line.item(offer.usd_per_hour, 1).usd.mid for line in found.lines(offer)}
        assert items[phases.DISK] == Decimal("0.063289")
        whole = Decimal(36) * (Decimal("0.365") if share else 1) + items[phases.DISK]
        assert found.whole_usd(offer).mid == pytest.approx(whole, abs=Decimal("0.0011"))
