"""What is worked out from a record rather than stored in it."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest

from results.records import Estimate, Job, Measurement, Run, Workload

MakeMeasurement = Callable[..., Measurement]


@pytest.mark.parametrize(("samples", "steps"), [(60000, 938), (64, 1), (65, 2), (1, 1)])
def test_the_short_last_batch_is_a_step(
    make_workload: Callable[..., Workload], samples: int, steps: int
) -> None:
    assert make_workload(samples_per_epoch=samples, batch_size=64).steps_per_epoch == steps


def test_the_verdict_of_a_run_is_that_of_its_step(
    make_run: Callable[..., Run], make_measurement: MakeMeasurement
) -> None:
    noisy = make_measurement("load", disturbed=(True,) * 9)
    assert make_run(measurements=(noisy, make_measurement("step"))).verdict == "quiet"
    assert make_run(measurements=(make_measurement("epoch"),)).verdict == "quiet"
    assert make_run(measurements=(make_measurement("load"),)).verdict == "contended"


def test_cost_by_unit(
    make_estimate: Callable[..., Estimate], make_workload: Callable[..., Workload]
) -> None:
    job = Job(workload=make_workload(), epochs=3, samples_per_epoch=50000, nodes=2)
    found = make_estimate(job=job)  # two nodes at $3.60 an hour: $0.002 a second, 100 s
    assert found.usd_per_epoch.mid == Decimal("0.2")
    assert (found.usd_per_epoch.low, found.usd_per_epoch.high) == (Decimal("0.16"), Decimal("0.24"))
    assert found.usd_per_million_samples == Decimal("4")
    assert found.samples_per_usd == Decimal(250000)


def test_records_do_not_change(make_run: Callable[..., Run]) -> None:
    with pytest.raises(FrozenInstanceError):
        make_run().partial = True  # type: ignore[misc]
