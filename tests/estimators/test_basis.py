"""What is taken from a run, and which runs are refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.basis import basis
from results.errors import NoAnswerError, RecordError
from results.records import Measurement, Run

MakeRun = Callable[..., Run]


def test_steps_alone(make_run: MakeRun) -> None:
    base = basis(make_run(step=0.1, load=0.02))
    assert base.step_seconds.mid == 0.1
    assert base.load_share == pytest.approx(0.2)
    assert base.accelerator is None
    assert base.steps(6401, 1) == 101
    assert base.steps(6401, 8) == 13
    assert base.steps(1, 8) == 1


def test_epochs_come_before_steps(make_run: MakeRun) -> None:
    base = basis(make_run(step=0.1, epoch=20.0, samples=6400))
    assert base.step_seconds.mid == pytest.approx(0.2)
    assert base.step_seconds.mid * base.steps(6400, 1) == pytest.approx(20.0)
    assert base.step_seconds.mid * base.steps(3200, 1) == pytest.approx(10.0)
    assert base.steps(32, 8) == 0.5  # an epoch smaller than a batch, as it was measured
    assert base.steps(128, 8) == 1  # a part smaller than a batch still takes a step


def test_one_epoch_is_no_more_certain_than_its_steps(make_run: MakeRun) -> None:
    run = make_run(step=0.1, epoch=None, spread=0.2)
    epoch = Measurement(phase="epoch", block_seconds=(20.0,), disturbed=(False,))
    base = basis(replace(run, measurements=(*run.measurements, epoch)))
    step = basis(run).step_seconds
    assert base.step_seconds.low / base.step_seconds.mid == pytest.approx(step.low / step.mid)
    assert base.step_seconds.high / base.step_seconds.mid == pytest.approx(step.high / step.mid)


def test_the_share_of_loading_is_unknown_where_it_was_not_timed(make_run: MakeRun) -> None:
    assert basis(make_run(load=None)).load_share is None
    assert basis(make_run(step=None, epoch=20.0, load=0.1)).load_share is None
    assert basis(make_run(step=0.1, load=0.4)).load_share == 1


def test_a_run_without_times_has_no_answer(make_run: MakeRun) -> None:
    with pytest.raises(NoAnswerError, match=r"neither a step nor an epoch.*trainfare measure"):
        basis(make_run(step=None))


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_time_that_is_none_is_refused(make_run: MakeRun, seconds: float) -> None:
    with pytest.raises(RecordError, match="no usable time of its step"):
        basis(make_run(step=seconds, load=None))


def test_damaged_records_are_refused(make_run: MakeRun) -> None:
    run = make_run()
    empty = Measurement(phase="step", block_seconds=(), disturbed=())
    with pytest.raises(RecordError, match="no usable time"):
        basis(replace(run, measurements=(empty,)))
    uneven = Measurement(phase="step", block_seconds=(1.0, 2.0), disturbed=(False,))
    with pytest.raises(RecordError, match="no usable time"):
        basis(replace(run, measurements=(uneven,)))
    with pytest.raises(RecordError, match="batches of 0"):
        basis(make_run(batch=0))


@given(
    samples=st.integers(1, 10**6),
    more=st.integers(1, 10**6),
    processes=st.integers(1, 64),
    epoch=st.sampled_from([None, 9.0]),
)
def test_more_samples_never_take_fewer_steps_nor_more_processes_more(
    make_run: MakeRun, samples: int, more: int, processes: int, epoch: float | None
) -> None:
    base = basis(make_run(epoch=epoch))
    assert 0 < base.steps(samples, processes) <= base.steps(samples + more, processes)
    assert base.steps(samples, processes + 1) <= base.steps(samples, processes)


def test_quiet_steps_count_more_than_contended_epochs(make_run: MakeRun) -> None:
    run = make_run(step=0.1, epoch=20.0)
    noisy = replace(
        run,
        measurements=tuple(
            replace(m, disturbed=(m.phase == "epoch",) * 9) for m in run.measurements
        ),
    )
    assert basis(run).from_epochs
    found = basis(noisy)
    assert not found.from_epochs
    assert not found.contended
    assert found.step_seconds.mid == pytest.approx(0.1)


def test_epochs_on_a_core_that_was_slow_at_times_do_not_tell_of_a_machine_to_rent(
    make_run: MakeRun,
) -> None:
    run = make_run(step=0.1, epoch=20.0)
    step = Measurement(
        phase="step",
        block_seconds=(0.1, 0.1, 0.15, 0.15) * 4,
        disturbed=(False,) * 16,
        slowed=(False, False, True, True) * 4,
        bursts=(4,) * 4,
    )
    found = basis(
        replace(run, measurements=(step, *(m for m in run.measurements if m.phase == "epoch")))
    )
    assert found.step_seconds.mid == pytest.approx(0.1)
    assert not found.contended


def test_the_time_in_which_the_gpu_was_idle_is_not_the_devices(make_run: MakeRun) -> None:
    run = make_run(device="Tesla T4", step=0.010)
    assert basis(run).fixed_seconds is None
    assert basis(replace(run, gpu_busy_seconds=0.007)).fixed_seconds == pytest.approx(0.003)
    assert basis(replace(run, gpu_busy_seconds=0.011)).fixed_seconds == 0


def test_steps_in_bursts_foretell_the_epoch(make_run: MakeRun) -> None:
    """Where no epoch was run, or something else disturbed those that were."""
    run = make_run(step=0.1)
    (step,) = [m for m in run.measurements if m.phase == "step"]
    start = Measurement(phase="epoch_start", block_seconds=(1.1,) * 3, disturbed=(False,) * 3)
    bursts = replace(step, bursts=(3,) * (len(step.block_seconds) // 3))
    found = basis(replace(run, measurements=(bursts, start)))
    assert found.from_epochs
    steps = run.workload.steps_per_epoch
    batches = run.workload.samples_per_epoch / run.workload.batch_size
    assert found.step_seconds.mid == pytest.approx((1.0 + 0.1 * steps) / batches, rel=0.02)
    assert not found.contended
