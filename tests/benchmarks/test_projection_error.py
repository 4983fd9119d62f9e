"""Projections on data they were not fitted on: prints the table; the guard is wide on purpose."""

from pathlib import Path
from statistics import mean

import pytest

from benchmarks import projection_data as data
from benchmarks.projection_error import covered, percent, predictions, show
from benchmarks.projection_fit import exponents, fit
from estimators.task_files import Row

SAMPLE = Path(__file__).parents[1] / "data" / "measurements"


def truth_row(here: data.Measured, there: data.Measured, number: int) -> Row:
    """The pair as a line of truth, in the form of the scorer."""
    a, b = here.observation, there.observation
    return {
        "task_id": str(number),
        "suite": here.suite,
        "stratum": "device-bound",
        "mode": a.mode,
        "precision": a.precision,
        "model": a.label,
        "batch": str(a.batch),
        "source": a.accelerator.name,
        "target": b.accelerator.name,
        "source_ms_per_sample": str(1000 * a.seconds_per_sample),
        "target_ms_per_sample": str(1000 * b.seconds_per_sample),
    }


def names(pair: data.Pair) -> set[str]:
    return {m.observation.accelerator.name for m in (pair.here, pair.there)}


def towards(pair: data.Pair, target: str) -> tuple[data.Measured, data.Measured]:
    if pair.there.observation.accelerator.name == target:
        return pair.here, pair.there
    return pair.there, pair.here


def half(pair: data.Pair) -> int:
    return sum(pair.here.observation.label.encode()) % 2


@pytest.fixture(scope="module")
def pairs() -> list[data.Pair]:
    return data.pairs_of(data.read(SAMPLE))


@pytest.mark.parametrize("target", ["T4", "V100", "RTX 4090", "RTX 5090"])
def test_a_device_and_models_left_out(
    pairs: list[data.Pair], target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scored = []
    for fold in (0, 1):
        law = fit([p for p in pairs if target not in names(p) and half(p) != fold])
        truth = [
            truth_row(*towards(p, target), number)
            for number, p in enumerate(pairs)
            if target in names(p) and half(p) == fold
        ]
        splits = {(row["suite"], target): law for row in truth}
        scored += predictions(truth, splits, SAMPLE, [])
    with capsys.disabled():
        show(f"{target} never seen, models left out", scored)
    assert len(scored) >= 30
    assert mean(percent(t, p) for t, p in scored) < 60
    assert mean(covered(t, p) for t, p in scored) > 0.4


def test_the_fit_is_deterministic_and_sound(pairs: list[data.Pair]) -> None:
    some = pairs[::7]
    assert exponents(some) == exponents(some)
    for each in exponents(some).values():
        assert min(each) >= 0
        assert 0.3 < sum(each) < 2
