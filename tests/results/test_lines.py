"""The sentences around the tables."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from results.lines import (
    best_of_each,
    facts_lines,
    gpu_line,
    headline,
    known,
    quote_notes,
    shared_notes,
    submit_command,
    sweep_lines,
    use_lines,
    warning_lines,
)
from results.price_age import STALE_DAYS
from results.records import Estimate, GpuReading, Measurement, Quote, Run, SweepPoint, UsdInterval
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


def test_warnings(make_run: MakeRun, make_measurement: Callable[..., Measurement]) -> None:
    assert warning_lines(make_run()) == []
    noisy = make_measurement("load", disturbed=(False,) * 3 + (True,) * 6)
    run = make_run(
        data_note="synthetic, not MNIST", warnings=("few blocks",), measurements=(noisy,)
    )
    assert warning_lines(run) == [
        "! the data is synthetic, not MNIST",
        "! few blocks",
        "! contended: other work on this machine disturbed load (6 of 9 blocks, 0% of the time). "
        "Stop it and measure again; or measure with --threads 1, which other work disturbs far "
        "less.",
    ]


def test_busy_neighbours_are_told(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    for others, told in ((None, False), (0.1, False), (1.94, True)):
        step = make_measurement("step", others_processors=others)
        lines = warning_lines(make_run(measurements=(step,)))
        assert [line.startswith("! other programs kept 1.9 of 4") for line in lines] == [
            True
        ] * told


def numbered(*estimates: Estimate) -> Sequence[tuple[int, Estimate]]:
    return list(enumerate(estimates, start=1))


def test_notes(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    best = make_estimate(as_of=FRESH, assumptions=("starts in 2 min",))
    quote = make_quote(best, left_out=(("too little memory", 7),))
    assert quote_notes(make_run(), quote, tied=1) == [
        f"see the request that would launch 1 (SageMaker): {submit_command(best)}",
    ]
    assert shared_notes(quote, numbered(best)) == [
        "7 offers left out: too little memory",
        "assumed for the first offer: starts in 2 min",
    ]


def test_a_tie_is_told(
    make_run: MakeRun, make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    best = make_estimate(as_of=FRESH)
    notes = quote_notes(make_run(), make_quote(best, best, best), tied=3)
    assert notes[0] == "offers 1 to 3 can't be told apart by cost: their intervals overlap"


def test_stale_prices_are_told_only_where_shown(
    make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    fresh, stale = make_estimate(as_of=FRESH), make_estimate(as_of="2020")
    quote = make_quote(fresh, stale)
    told = f"! after a price: the list is over {STALE_DAYS} days old; check it first"
    assert told in shared_notes(quote, numbered(fresh, stale))
    assert told not in shared_notes(quote, numbered(fresh))


def test_best_of_each_service(make_estimate: MakeEstimate) -> None:
    ranking = [
        make_estimate(provider="aws", instance_type="a"),
        make_estimate(provider="aws", instance_type="a", region="eu-west-1"),  # the same, dearer
        make_estimate(provider="aws", instance_type="a", allocation="spot"),
        make_estimate(provider="aws", instance_type="b"),  # a third of one service
        make_estimate(provider="gcp", instance_type="c"),
    ]
    found = best_of_each(ranking, top=2)
    assert [place for place, _ in found] == [1, 3, 5]
    assert [estimate for _, estimate in found] == [ranking[0], ranking[2], ranking[4]]
    assert best_of_each(ranking, top=0) == []
    assert len(best_of_each(ranking, top=9)) == 4


@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
def test_the_command_is_capped_at_the_upper_end(
    make_estimate: MakeEstimate, allocation: str
) -> None:
    estimate = make_estimate(allocation=allocation, region="us-west-2")
    estimate = replace(
        estimate, usd=UsdInterval(low=Decimal("0.1"), mid=Decimal("0.2"), high=Decimal("0.301"))
    )
    words = shlex.split(submit_command(estimate))
    assert words[:3] == ["trainfare", "submit", "cnn"]
    assert words[-1] == "--dry-run"
    options = dict(zip(words[3:-1:2], words[4:-1:2], strict=True))
    spot = {"--allocation": "spot"} if allocation == "spot" else {}
    assert options == spot | {
        "--epochs": "3",
        "--provider": "aws",
        "--instance": "ml.g5.xlarge",
        "--region": "us-west-2",
        "--max-usd": "0.31",
    }
