"""What a step waits for and its share of the peak, on figures worked out by hand."""

from collections.abc import Callable

import pytest

from results import utilisation
from results.records import Measurement, Run

MakeRun = Callable[..., Run]
MakeMeasurement = Callable[..., Measurement]
PEAK = utilisation.Peak(flops_per_second=1e12, bytes_per_second=1e11, source="a data sheet")


def test_shares_and_remainder(make_run: MakeRun, make_measurement: MakeMeasurement) -> None:
    parts = [make_measurement("load", 0.03), make_measurement("forward", 0.05)]
    apart = [make_measurement("epoch", 9.0), make_measurement("epoch_start", 2.0)]
    run = make_run(measurements=(*parts, make_measurement("step", 0.1), *apart))
    assert utilisation.share_of_step(run, "load") == pytest.approx(0.3)
    assert utilisation.share_of_step(run, "copy") is None
    assert utilisation.remainder_seconds(run) == pytest.approx(0.02)
    assert utilisation.remainder_seconds(make_run()) is None  # no phases: nothing to add up


@pytest.mark.parametrize(
    ("busy", "load", "bound"),
    [(0.09, 0.01, "device"), (0.05, 0.04, "loading"), (0.05, 0.01, "launch"), (None, 0.04, None)],
)
def test_what_limits_the_step(
    make_run: MakeRun,
    make_measurement: MakeMeasurement,
    busy: float | None,
    load: float,
    bound: str | None,
) -> None:
    measurements = (make_measurement("load", load), make_measurement("step", 0.1))
    run = make_run(device="cuda:0", measurements=measurements, gpu_busy_seconds=busy)
    assert utilisation.bound_by(run) == bound


def test_a_gpu_is_at_work_for_the_whole_step_at_most(make_run: MakeRun) -> None:
    assert utilisation.gpu_busy_share(make_run(gpu_busy_seconds=0.2)) == 1


def test_shares_of_the_peak(make_run: MakeRun) -> None:
    run = make_run(flops_per_step=5 * 10**10, bytes_per_step=10**9)  # in 0.1 s
    assert utilisation.model_flops_utilisation(run, PEAK) == pytest.approx(0.5)
    assert utilisation.bytes_per_second(run) == pytest.approx(1e10)
    unknown = utilisation.Peak(flops_per_second=None, bytes_per_second=None, source="")
    assert utilisation.model_flops_utilisation(run, unknown) is None
    assert utilisation.model_flops_utilisation(make_run(), PEAK) is None
    assert utilisation.bytes_per_second(make_run()) is None


def test_energy_a_sample(make_run: MakeRun) -> None:
    run = make_run(batch_size=64, energy_joules=640.0, energy_steps=100)
    assert utilisation.joules_per_sample(run) == pytest.approx(0.1)
    assert utilisation.joules_per_sample(make_run()) is None  # unknown, not 0
