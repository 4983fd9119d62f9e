"""Ranking: the order, the reasons for leaving out, and what can't be told apart."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from time import perf_counter

import pytest

from estimators.cost import estimate
from estimators.rank import rank, tied_with_best
from results.errors import NoAnswerError, UsageError
from results.records import Estimate, Job, Offer, Run, UsdInterval

MakeRun = Callable[..., Run]
MakeOffer = Callable[..., Offer]


def job_of(run: Run, epochs: int = 10) -> Job:
    return Job(workload=run.workload, epochs=epochs, samples_per_epoch=6400)


def test_the_cheapest_comes_first_then_the_fastest_then_by_name(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(device="Tesla T4")
    cheap, dear, twin = (
        make_offer("T4", usd_per_hour=Decimal(usd), instance_type=name)
        for usd, name in (("1", "ml.b"), ("9", "ml.c"), ("1", "ml.a"))
    )
    ranking = rank(run, job_of(run), [dear, cheap, twin])
    assert [e.offer.instance_type for e in ranking.estimates] == ["ml.a", "ml.b", "ml.c"]
    assert ranking.left_out == ()


def test_what_is_left_out_is_counted_by_reason(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="Tesla T4", peak_memory_bytes=30 * 2**30)
    ranking = rank(run, job_of(run), catalog)
    reasons = dict(ranking.left_out)
    assert reasons["needs 30.0 GiB of memory, T4 has 16"] == 78
    assert reasons["Trainium is another kind of accelerator: measure on it"] == 9
    assert next(iter(reasons)).startswith("measured on a GPU") and max(reasons.values()) == 938
    assert len(ranking.estimates) + sum(reasons.values()) == len(catalog)


def test_the_whole_catalog_agrees_with_single_estimates(
    make_run: MakeRun, catalog: Sequence[Offer]
) -> None:
    run = make_run()
    ranking = rank(run, job_of(run), catalog)
    mids = [e.usd.mid for e in ranking.estimates]
    assert len(mids) == 1356
    assert mids == sorted(mids)
    for e in ranking.estimates[::300]:
        assert e == estimate(run, job_of(run), e.offer)


def test_the_whole_catalog_is_ranked_at_once(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run()
    started = perf_counter()
    rank(run, job_of(run), catalog)
    assert perf_counter() - started < 2  # 0.06 s on two quiet cores; here others may work too


def test_an_empty_catalog_and_an_empty_run(make_run: MakeRun) -> None:
    run = make_run()
    assert rank(run, job_of(run), []).estimates == ()
    with pytest.raises(UsageError):
        rank(run, job_of(run, epochs=0), [])
    with pytest.raises(NoAnswerError):
        rank(make_run(step=None), job_of(run), [])


def test_tied_with_best(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4")
    one = estimate(run, job_of(run), make_offer("T4"))

    def costing(low: str, mid: str, high: str) -> Estimate:
        return replace(one, usd=UsdInterval(low=Decimal(low), mid=Decimal(mid), high=Decimal(high)))

    best, near, apart = costing("1", "2", "3"), costing("2", "4", "8"), costing("2.1", "5", "9")
    assert tied_with_best([]) == 0
    assert tied_with_best([best]) == 1
    assert tied_with_best([best, near, apart]) == 2
    assert tied_with_best([best, apart, near]) == 1
