"""Ranking: the order, the reasons for leaving out, and what can't be told apart."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from estimators.cost import estimate
from estimators.rank import nearest, rank, undominated
from estimators.wishes import Wishes
from results.errors import NoAnswerError, UsageError
from results.records import Job, Offer, Run

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


def test_an_empty_catalog_and_an_empty_run(make_run: MakeRun) -> None:
    run = make_run()
    assert rank(run, job_of(run), []).priced == ()
    with pytest.raises(UsageError):
        rank(run, job_of(run, epochs=0), [])
    with pytest.raises(NoAnswerError):
        rank(make_run(step=None), job_of(run), [])


def test_what_no_other_beats_in_both_time_and_cost(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(device="Tesla T4", step=10.0)
    slow, fast, dear_and_slow = (
        make_offer(gpu, usd_per_hour=Decimal(usd), instance_type=name)
        for gpu, usd, name in (("T4", "1", "ml.a"), ("H100", "90", "ml.b"), ("T4", "9", "ml.c"))
    )
    ranking = rank(run, job_of(run), [dear_and_slow, fast, slow])
    names = [p.offer.instance_type for p in ranking.priced]
    assert [names[place] for place in undominated(ranking.priced)] == ["ml.a", "ml.b"]
    for p in ranking.priced:  # the definition, spelled out
        beaten = any(
            q.usd.mid < p.usd.mid and q.seconds.mid < p.seconds.mid for q in ranking.priced
        )
        assert beaten == (p.offer.instance_type == "ml.c")


def test_wishes_leave_out_what_is_less_than_90_percent_sure(
    make_run: MakeRun, catalog: Sequence[Offer]
) -> None:
    run = make_run(step=1.0)
    every = rank(run, job_of(run), catalog)
    deadline = sorted(p.seconds.high for p in every.priced)[300]
    budget = sorted(p.usd.high for p in every.priced)[900]
    found = rank(
        run,
        job_of(run),
        catalog,
        wishes=Wishes(deadline_seconds=deadline, budget_usd=budget),
    )
    kept = [p for p in every.priced if p.seconds.high <= deadline and p.usd.high <= budget]
    assert 0 < len(kept) < 901
    assert [p.offer for p in found.priced] == [p.offer for p in kept]
    told = dict(found.left_out)
    assert sum(told.values()) + len(kept) == len(catalog)
    assert any("sure to end within" in reason for reason in told)
    assert any("sure to cost at most" in reason for reason in told)


def test_more_machines_are_tried(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=10.0)
    found = rank(run, job_of(run), [make_offer("T4")], wishes=Wishes(max_nodes=4))
    assert sorted(p.job.nodes for p in found.priced) == [1, 2, 3, 4]
    by_nodes = {p.job.nodes: p for p in found.priced}
    assert by_nodes[4].seconds.mid < by_nodes[1].seconds.mid


def test_what_comes_nearest_is_named(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=10.0)
    slow, fast = make_offer("T4"), make_offer("H100", usd_per_hour=Decimal(99))
    late = Wishes(deadline_seconds=1)
    found = nearest(rank(run, job_of(run), [slow, fast], wishes=late), late)
    assert found and found.offer is fast
    dear = Wishes(budget_usd=Decimal("0.01"))
    found = nearest(rank(run, job_of(run), [slow, fast], wishes=dear), dear)
    assert found and found.offer is slow
    assert nearest(rank(run, job_of(run), []), late) is None
