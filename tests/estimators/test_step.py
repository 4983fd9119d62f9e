"""One step from GPU to GPU: by hand and by its properties."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.experience import Experience, Observation, learn
from estimators.hardware import Accelerator, accelerator, accelerators
from estimators.law import fitted, log_factor, log_spread
from estimators.step import StepTask, narrowing, project_step
from results.errors import NoAnswerError

GPUS = st.sampled_from(sorted(n for n, a in accelerators().items() if a.projectable))
PRECISIONS = st.sampled_from(["fp32", "tf32", "half"])
SECONDS = st.floats(1e-5, 1e3)


def task(source: str, target: str | Accelerator, seconds: float = 0.1, **more: Any) -> StepTask:
    there = accelerator(target) if isinstance(target, str) else target
    plain: dict[str, Any] = {"mode": "train", "precision": "tf32"}
    return StepTask(source=accelerator(source), target=there, seconds=seconds, **plain | more)


def test_by_hand() -> None:
    found = project_step(task("T4", "V100", 0.1, precision="fp32", fixed_seconds=0.004))
    flops, bandwidth, multiprocessors = fitted().exponents["fp32"]
    # Of Turing and Volta cards the RTX 2080 Ti and the V100 itself have the most watts a FLOP/s.
    t4 = 8.14 * (70 / 8.14 / (250 / 13.45)) ** (1 / 3)
    ratio = (t4 / 15.7) ** flops * (320 / 900) ** bandwidth * (40 / 80) ** multiprocessors
    assert found.device_factor == pytest.approx(ratio)
    assert found.seconds.mid == pytest.approx(0.004 * 1590 / 1530 + 0.096 * ratio)
    assert found.seconds.high / found.seconds.mid == pytest.approx(found.spread_factor)
    assert (found.grade, found.own_models, found.own_factor) == ("projected", 0, 1)


@given(GPUS, PRECISIONS, SECONDS)
def test_the_same_device_keeps_its_time(name: str, precision: str, seconds: float) -> None:
    found = project_step(task(name, name, seconds, precision=precision))
    assert found.grade == "measured"
    assert found.seconds.mid == pytest.approx(seconds)
    assert found.seconds.high == pytest.approx(1.1 * seconds)


@given(GPUS, GPUS, PRECISIONS, SECONDS, st.floats(1.01, 10))
def test_more_flops_or_bandwidth_is_never_slower(
    source: str, target: str, precision: str, seconds: float, more: float
) -> None:
    device = replace(accelerator(target), chip="another")
    faster = [
        replace(
            device,
            fp32_tflops=device.fp32_tflops and device.fp32_tflops * more,
            tf32_tflops=device.tf32_tflops and device.tf32_tflops * more,
            half_tflops=device.half_tflops and device.half_tflops * more,
        ),
        replace(
            device,
            bandwidth_gb_per_second=device.bandwidth_gb_per_second
            and device.bandwidth_gb_per_second * more,
        ),
    ]
    now = project_step(task(source, device, seconds, precision=precision)).seconds.mid
    for better in faster:
        assert project_step(task(source, better, seconds, precision=precision)).seconds.mid < now


@given(GPUS, GPUS, PRECISIONS, SECONDS, st.floats(1.01, 3))
def test_more_power_is_never_slower(
    source: str, target: str, precision: str, seconds: float, more: float
) -> None:
    device = replace(accelerator(target), chip="another")
    fed = replace(device, tdp_watts=device.tdp_watts and device.tdp_watts * more)
    now, then = (
        project_step(task(source, there, seconds, precision=precision)).seconds.mid
        for there in (device, fed)
    )
    assert then <= now


@given(GPUS, GPUS, PRECISIONS, st.sampled_from(["train", "infer"]), SECONDS, st.booleans())
def test_every_interval_is_finite_and_around_its_middle(
    source: str, target: str, precision: str, mode: str, seconds: float, is_step: bool
) -> None:
    more: dict[str, Any] = {"precision": precision, "mode": mode, "is_step": is_step}
    found = project_step(task(source, target, seconds, **more)).seconds
    assert 0 < found.low < found.mid < found.high < math.inf


@given(GPUS, GPUS, PRECISIONS, st.floats(1e-4, 10), st.floats(1.01, 100))
def test_a_longer_step_here_is_a_longer_one_there(
    source: str, target: str, precision: str, seconds: float, more: float
) -> None:
    short, long = (
        project_step(task(source, target, s, precision=precision)).seconds.mid
        for s in (seconds, seconds * more)
    )
    assert long > short


@given(GPUS, GPUS, PRECISIONS, SECONDS, st.floats(0.01, 100))
def test_units_scale_where_no_host_part_is_known(
    source: str, target: str, precision: str, seconds: float, scale: float
) -> None:
    plain: dict[str, Any] = {"precision": precision, "is_step": False}
    one = project_step(task(source, target, seconds, **plain)).seconds
    other = project_step(task(source, target, seconds * scale, **plain)).seconds
    assert other.mid == pytest.approx(one.mid * scale)
    assert other.low == pytest.approx(one.low * scale)


@given(GPUS, GPUS, PRECISIONS)
def test_there_and_back_is_where_one_was(source: str, target: str, precision: Any) -> None:
    here, there = accelerator(source), accelerator(target)
    back = log_factor(fitted(), there, here, precision)
    assert log_factor(fitted(), here, there, precision) == pytest.approx(-back)


def test_the_host_part_is_capped() -> None:
    law = fitted()
    assert project_step(task("T4", "V100", 1.0, fixed_seconds=0.5)).host_seconds == pytest.approx(
        law.host_cap_seconds
    )
    short = project_step(task("T4", "V100", 0.002)).host_seconds
    assert short == pytest.approx(0.002 * law.host_cap_seconds / (0.002 + law.host_cap_seconds))
    assert project_step(task("T4", "V100", 0.002, is_step=False)).host_seconds == 0


def test_intervals_are_wider_for_short_steps_and_distant_devices() -> None:
    law, t4, v100 = fitted(), accelerator("T4"), accelerator("V100")
    long, short = (log_spread(law, t4, v100, "fp32", s) for s in (1.0, 0.001))
    assert short > long
    far = log_spread(law, t4, accelerator("H200"), "fp32", 1.0)
    assert far > long


def test_trainium_is_refused() -> None:
    with pytest.raises(NoAnswerError, match="Trainium is another kind of accelerator"):
        project_step(task("T4", "Trainium"))


def observation(label: str, device: str, seconds: float, batch: int | None = 32) -> Observation:
    return Observation(
        label=label,
        mode="train",
        precision="tf32",
        batch=batch,
        accelerator=accelerator(device),
        seconds_per_sample=seconds,
    )


def taught(models: int, slower: float = 1.5) -> Experience:
    """Models on T4 and A10G, on the latter by so much slower than the law has it."""
    factor = math.exp(log_factor(fitted(), accelerator("T4"), accelerator("A10G"), "tf32"))
    runs = []
    for i in range(models):
        runs += [
            observation(str(i), "T4", 0.01),
            observation(str(i), "A10G", 0.01 * factor * slower),
        ]
    return learn(runs, fitted())


def test_own_runs_move_the_time_and_narrow_the_interval() -> None:
    found = [project_step(task("T4", "A10G"), taught(n)) for n in (0, 1, 3, 30)]
    assert [f.grade for f in found] == ["projected", *["calibrated"] * 3]
    own = [f.own_factor for f in found]
    assert own == sorted(own) and own[0] == 1 and own[1] > 1.1
    assert own[-1] == pytest.approx(1.5, rel=0.05)
    assert [f.spread_factor for f in found] == sorted(
        (f.spread_factor for f in found), reverse=True
    )
    back = project_step(task("A10G", "T4"), taught(3))
    assert back.own_factor == pytest.approx(1 / own[2])


def test_own_runs_on_one_device_say_nothing() -> None:
    alone = learn([observation("a", "T4", 0.01), observation("b", "A10G", 0.01)], fitted())
    assert project_step(task("T4", "A10G"), alone) == project_step(task("T4", "A10G"))


def test_what_a_third_device_shares_is_used_but_narrows_nothing() -> None:
    found = project_step(task("V100", "A10G"), taught(3))
    assert found.own_factor > 1
    assert (found.grade, found.spread_factor) == (
        "projected",
        project_step(task("V100", "A10G")).spread_factor,
    )


def test_a_sweep_of_one_model_counts_as_one() -> None:
    factor = math.exp(log_factor(fitted(), accelerator("T4"), accelerator("A10G"), "tf32"))
    runs = []
    for batch in (8, 16, 32, 64):
        runs += [
            observation("a", "T4", 0.01, batch), observation("a", "A10G", 0.015 * factor, batch)
        ]  # fmt: skip
    swept = project_step(task("T4", "A10G"), learn(runs, fitted()))
    assert swept.own_factor == pytest.approx(project_step(task("T4", "A10G"), taught(1)).own_factor)
    assert swept.own_models == 1


def test_narrowing_never_widens() -> None:
    left = [narrowing(fitted(), n) for n in range(10)]
    assert left[0] == 1
    assert left == sorted(left, reverse=True)
    assert left[-1] > 0
