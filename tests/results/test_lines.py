"""The sentences around the tables."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from results.lines import (
    assumed_lines,
    facts_lines,
    gpu_line,
    headline,
    known,
    launch_line,
    quote_notes,
    shared_notes,
    sweep_lines,
    use_lines,
)
from results.price_age import STALE_DAYS
from results.records import Estimate, GpuReading, Quote, Run, SweepPoint
from results.shown import shown_offers
from results.statistics import Interval
from results.utilisation import Peak

MakeRun = Callable[..., Run]
MakeEstimate = Callable[..., Estimate]
FRESH = datetime.now(UTC).date().isoformat()


def test_headline(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    first, second = headline(make_run(), make_quote(make_estimate()), 120)
    assert first == "cnn · 3 epochs of 60,000 images (180,000 in all) · batch 64 · fp32"
    assert second == "  measured 2 min ago on this Some CPU (cpu, 2 threads, quiet)"


def test_the_unknown_is_called_unknown(make_run: MakeRun) -> None:
    first, gpu, step = facts_lines(make_run())
    assert first == (
        "unknown parameters, unknown FLOPs and unknown read and written a step, peak memory unknown"
    )
    assert step == "warm-up none; timing of steps ended when that many had been asked for"
    assert gpu == "no NVIDIA GPU used: trained on Some CPU"
    assert known(0, str) == "0"
    assert known(None, str) == "unknown"


def test_facts(make_run: MakeRun) -> None:
    run = make_run(
        parameter_count=421642,
        flops_per_step=10**9,
        bytes_per_step=3 * 2**20,
        peak_memory_bytes=2**30,
        epochs_trained=3,
        metrics=(("accuracy", 0.9812), ("test_loss", 0.0)),
    )
    first, _, _, scores = facts_lines(run)
    assert first == (
        "421,642 parameters, 1.00 billion FLOPs and 3.00 MiB read and written a step, "
        "peak memory 1.00 GiB"
    )
    assert scores == "after 3 epochs: accuracy 0.981, test_loss 0"


PEAK = Peak(flops_per_second=1e12, bytes_per_second=1e11, source="a data sheet")


def test_how_a_gpu_is_used(make_run: MakeRun) -> None:
    run = make_run(
        device="cuda:0", flops_per_step=10**10, bytes_per_step=10**9, gpu_busy_seconds=0.03,
        energy_joules=640.0, energy_steps=100,
    )  # fmt: skip
    assert use_lines(run, PEAK) == [
        "GPU at work for 30% of a step: launch-bound",
        "MFU 10.0% of 1 TFLOP/s (a data sheet)",
        "moves 10 GB/s, caches aside, of 100 GB/s",
        "energy 0.100 J per image",
    ]
    assert use_lines(make_run(), None) == []  # nothing is known, nothing is claimed


def test_a_sweep_adds_up(make_run: MakeRun) -> None:
    points = tuple(
        SweepPoint(batch_size=b, step_seconds=(0.001 + b * 1e-4,) * 9) for b in (16, 32, 64)
    )
    line, largest = sweep_lines(make_run(sweep=points))
    assert line.startswith("step = 1.00 ms (1.0 ms) + batch × 100 µs (100 µs)")
    assert largest == ("largest batch that fits, of those tried: 64; no knee up to the largest")


def test_gpu(make_run: MakeRun) -> None:
    assert gpu_line(make_run(device="cuda:0")) == "GPU: NVML told nothing"
    reading = GpuReading(
        utilization_percent=0.0, power_watts=None, sm_clock_mhz=1410.0, memory_used_bytes=None
    )
    assert gpu_line(make_run(device="cuda:0", gpu=reading)) == (
        "GPU: utilisation 0%, power unknown, clock 1410 MHz, memory unknown"
    )


def numbered(*estimates: Estimate) -> Sequence[tuple[int, Estimate]]:
    return list(enumerate(estimates, start=1))


def test_notes(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    best = make_estimate(as_of=FRESH, assumptions=("starts in 2 min",))
    quote = make_quote(best, left_out=(("too little memory", 7),))
    assert quote_notes(make_run(), quote, numbered(best), [1], "launch it so") == [
        "launch it so",
        f"print this again at these prices: trainfare quote --reprint {quote.quote_id}",
    ]
    assert shared_notes(quote, numbered(best)) == ["7 left out: --explain says why"]
    explained = shared_notes(quote, numbered(best), explain=True)
    assert explained == ["7 offers left out: too little memory"]
    assert assumed_lines([quote]) == ["the first offer rests on:", "  - starts in 2 min"]
    assert assumed_lines([quote, quote])[1:] == ["  - starts in 2 min"]


def test_answers_to_a_deadline_and_a_budget(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    first = make_estimate(as_of=FRESH, region="us-west-2")
    fast = replace(
        first,
        seconds=Interval(low=1, mid=2, high=3),
        job=replace(first.job, nodes=2),
        offer=replace(first.offer, allocation="spot"),
    )
    quote = replace(
        make_quote(first, fast),
        places=(1, 40),
        undominated=(1, 40),
        deadline_seconds=7200.0,
        budget_usd=Decimal(5),
    )
    notes = quote_notes(make_run(), quote, shown_offers(quote, 1), tied=[1], launch=None)
    assert notes[:3] == [
        "* no other offer is both cheaper and faster; 2 are so",
        "cheapest that is 90% sure to end within 2.00 h: 1, ml.g5.xlarge in us-west-2",
        "fastest that is 90% sure to cost at most $5: 40, 2 × ml.g5.xlarge spot in us-west-2",
    ]


def test_a_tie_is_told(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    best = make_estimate(as_of=FRESH)
    quote = make_quote(best, best, best)
    notes = quote_notes(make_run(), quote, numbered(best), [1, 2, 7], None)
    assert notes[0] == "1, 2 and 7 can't be told apart by cost (less than 90% sure)"


def test_stale_prices_are_told_only_where_shown(
    make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    fresh, stale = make_estimate(as_of=FRESH), make_estimate(as_of="2020")
    quote = make_quote(fresh, stale)
    told = (
        f"! SageMaker is priced by a published rate from 2020, over {STALE_DAYS} days old: "
        "trainfare prices refresh aws"
    )
    assert told in shared_notes(quote, numbered(fresh, stale))
    assert told not in shared_notes(quote, numbered(fresh))


def test_the_command_that_launches_the_first_line(make_estimate: MakeEstimate) -> None:
    best = make_estimate(region="us-west-2")
    said, _, command = launch_line(best, Decimal("0.42"), None).partition(": ")
    assert said == "see the request that would launch 1 (SageMaker)"
    assert command == "trainfare submit cnn --offer 1 --max-usd 0.42 --dry-run"
    workload = replace(best.job.workload, reference="my models/net.py:make")
    best = replace(best, job=replace(best.job, workload=workload))
    words = shlex.split(launch_line(best, Decimal("0.42"), "my results").partition(": ")[2])
    assert words[2:5] == ["my models/net.py:make", "--offer", "1"]
    assert words[-3:] == ["--results", "my results", "--dry-run"]
    assert "trainfare submit" not in launch_line(best, None, None)
