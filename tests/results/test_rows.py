"""Flat rows: phases in order, units in every name, the unknown kept as None."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.records import Estimate, GpuReading, Measurement, Quote, Run, Workload
from results.rows import (
    estimate_row,
    estimate_rows,
    flattened,
    measurement_rows,
    number,
    phase_key,
    run_row,
)

MakeMeasurement = Callable[..., Measurement]


def test_phases_come_in_the_order_of_a_step(make_measurement: MakeMeasurement) -> None:
    names = ["epoch", "generator", "step", "optimizer", "load", "critic", "backward", "forward"]
    found = sorted((make_measurement(name) for name in names), key=phase_key)
    assert [m.phase for m in found] == [
        "load", "forward", "backward", "optimizer", "generator", "critic", "step", "epoch",
    ]  # fmt: skip


def test_a_measurement(make_run: Callable[..., Run], make_measurement: MakeMeasurement) -> None:
    step = make_measurement(
        block_seconds=(1.0, 2.0, 3.0, 4.0, 5.0, 9.0),
        disturbed=(False,) * 5 + (True,),
        steps_per_block=10,
        samples_per_repeat=60,
        warmup_seconds=(0.5, 0.25),
    )
    (row,) = measurement_rows(make_run(measurements=(step,)))
    assert row["median_seconds"] == 0.3
    assert (row["low_seconds"], row["high_seconds"]) == (0.1, 0.5)
    assert row["samples_per_second"] == pytest.approx(200)
    assert (row["blocks"], row["disturbed_blocks"]) == (6, 1)
    assert row["warmup_seconds"] == 0.75
    assert (row["phase"], row["verdict"], row["device"]) == ("step", "quiet", "cpu")


def test_what_is_unknown_is_none_not_zero(
    make_run: Callable[..., Run], make_measurement: MakeMeasurement
) -> None:
    row = run_row(make_run())
    for name in (
        "parameter_count", "peak_memory_bytes", "flops_per_step", "gpu_utilization_percent",
        "gpu_power_watts", "gpu_sm_clock_mhz", "gpu_memory_used_bytes", "data_note",
    ):  # fmt: skip
        assert row[name] is None
    (load,) = measurement_rows(make_run(measurements=(make_measurement("load"),)))
    assert load["samples_per_second"] is None


def test_a_run_on_a_gpu(make_run: Callable[..., Run]) -> None:
    gpu = GpuReading(
        utilization_percent=0.0, power_watts=71.5, sm_clock_mhz=None, memory_used_bytes=5
    )
    row = run_row(make_run(gpu=gpu, metrics=(("accuracy", 0.5),), warnings=("hot",)))
    assert row["gpu_utilization_percent"] == 0.0  # known to be idle
    assert row["gpu_sm_clock_mhz"] is None
    assert row["metrics"] == {"accuracy": 0.5}
    assert row["warnings"] == ["hot"]


def test_an_estimate(
    make_estimate: Callable[..., Estimate], make_quote: Callable[..., Quote]
) -> None:
    estimate = make_estimate()
    (row,) = estimate_rows(make_quote(estimate))
    assert row["quote_id"] == "20261124T000001-cnn-000001"
    assert row["usd"] == {"low": 0.24, "mid": 0.36, "high": 0.48}
    assert row["seconds"] == {"low": 240.0, "mid": 360.0, "high": 480.0}
    assert row["usd_per_epoch"] == {"low": 0.08, "mid": 0.1, "high": 0.12}
    assert row["usd_per_million_samples"] == pytest.approx(0.1 / 0.06)
    assert row["samples_per_usd"] == 600000.0
    assert (row["provider"], row["usd_per_hour"]) == ("aws", 3.6)


def test_every_row_is_json(
    samples: dict[type, Any], make_workload: Callable[..., Workload]
) -> None:
    run, quote = samples[Run], samples[Quote]
    for row in (run_row(run), *measurement_rows(run), *estimate_rows(quote)):
        assert json.loads(json.dumps(row, allow_nan=False)) == row
    (item,) = estimate_row(samples[Estimate])["items"]
    assert item["usd"] == {"low": 0.24, "mid": 0.3, "high": 0.36}
    assert item["evidence"] == "projected"


def test_flattened_names_still_end_in_their_unit(make_estimate: Callable[..., Estimate]) -> None:
    flat = flattened(estimate_row(make_estimate()))
    assert not any(isinstance(value, (dict, list)) for value in flat.values())
    assert (flat["low_usd"], flat["mid_usd"], flat["high_usd"]) == (0.24, 0.36, 0.48)
    assert flat["high_epoch_seconds"] == 120.0
    assert not flat.keys() & {"usd", "seconds", "items", "assumptions"}


def test_flattening_keeps_the_order() -> None:
    row = {"a": 1, "usd": {"low": 1, "mid": 2, "high": 3}, "b": None, "gone": [1]}
    assert list(flattened(row)) == ["a", "low_usd", "mid_usd", "high_usd", "b"]


@given(st.decimals("1E-9", "1E9", allow_nan=False, allow_infinity=False))
def test_amounts_are_rounded_to_twelve_digits(value: Decimal) -> None:
    assert number(value) == pytest.approx(float(value), rel=1e-11)
    assert len(repr(number(value)).replace(".", "").split("e")[0].strip("0")) <= 12


def test_an_amount_prints_as_the_decimal() -> None:
    assert repr(number(Decimal("0.1") * 3)) == "0.3"
