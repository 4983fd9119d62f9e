"""Verdicts that a hand-made pair of runs must get, and what is refused."""

import math
import random

import pytest

from results.compare import compare
from results.errors import RecordError, UsageError


def blocks(seconds, count=200, noise=0.01, seed=0):
    rng = random.Random(seed)
    return tuple(seconds * math.exp(rng.gauss(0, noise)) for _ in range(count))


@pytest.fixture
def run(make_run, make_measurement):
    """`run(0.1)`: 200 quiet steps of 0.1 s; further phases by name."""
    made = [0]

    def build(step=0.1, bad=0, phases=(), epochs=(), **given):
        made[0] += 1
        parts = [("step", step), *phases]
        disturbed = tuple(i < bad for i in range(200))
        measurements = [
            make_measurement(
                name, block_seconds=blocks(seconds, seed=made[0] * 7 + i), disturbed=disturbed
            )
            for i, (name, seconds) in enumerate(parts)
        ]
        if epochs:
            measurements.append(make_measurement("epoch", block_seconds=tuple(epochs)))
        given.setdefault("run_id", f"2026112{made[0] % 10}T000000-cnn-{made[0]:06d}")
        return make_run(measurements=tuple(measurements), **given)

    return build


def only(comparison):
    (change,) = comparison.changes
    return change


def test_far_slower_and_far_faster(run):
    slower = only(compare([run(0.1)], [run(0.15)]))
    assert slower.change == "slower"
    assert slower.ratio.low > 1.05
    assert slower.ratio.mid == pytest.approx(1.5, rel=0.01)
    assert only(compare([run(0.15)], [run(0.1)])).change == "faster"


def test_a_difference_that_runs_of_the_same_code_have_is_ambiguous(run):
    change = only(compare([run(0.1)], [run(0.103)]))
    assert change.change == "ambiguous"
    assert change.ratio.low < 1 < change.ratio.high
    assert change.repeats == 0


def test_many_repeats_of_quiet_runs_tell_small_differences(run):
    old, new = [run(0.1) for _ in range(4)], [run(0.108) for _ in range(4)]
    change = only(compare(old, new))
    assert change.change == "slower"
    assert change.repeats == 6
    assert change.run_counts == (4, 4)
    assert only(compare(old, [run(0.1) for _ in range(4)])).change == "same"


def test_repeats_in_the_history_tell_the_spread(run):
    history = [run(0.1) for _ in range(6)]
    assert only(compare([run(0.1)], [run(0.108)])).change == "ambiguous"
    change = only(compare([run(0.1)], [run(0.108)], history))
    assert change.change == "slower"
    assert change.repeats == 5


def test_history_of_another_commit_machine_or_workload_tells_nothing(run):
    others = [run(0.1, commit=f"{i:07x}") for i in range(6)]
    others += [run(0.1, name="mlp") for _ in range(6)]
    assert only(compare([run(0.1)], [run(0.108)], others)).repeats == 0


def test_contended_is_never_slower_nor_makes_faster(run):
    slow = run(0.3, bad=190)
    change = only(compare([run(0.1)], [slow]))
    assert (change.change, change.contended) == ("ambiguous", True)
    assert not change.is_regression(0.0)
    assert only(compare([slow], [run(0.1)])).change == "ambiguous"


def test_what_contention_can_not_explain_is_told(run):
    assert only(compare([run(0.3)], [run(0.1, bad=190)])).change == "faster"
    assert only(compare([run(0.1, bad=190)], [run(0.3)])).change == "slower"
    overlapping = only(compare([run(0.1)], [run(0.099, bad=190)]))
    assert overlapping.change == "ambiguous"


def test_a_disturbed_repeat_is_left_aside_where_quiet_ones_are(run):
    change = only(compare([run(0.1), run(0.4, bad=190)], [run(0.1)]))
    assert change.run_counts == (1, 1)
    assert change.ratio.mid == pytest.approx(1, rel=0.01)


def test_only_billed_phases_are_regressions(run):
    old = run(0.1, phases=[("load", 0.01)], epochs=[10.0, 10.1, 10.0])
    new = run(0.1, phases=[("load", 0.05)], epochs=[20.0, 20.2, 20.0])
    found = compare([old], [new])
    assert [c.phase for c in found.changes] == ["load", "step", "epoch"]
    assert found.changes[0].change == "slower"
    assert [c.phase for c in found.regressions(0.05)] == ["epoch"]
    assert found.regressions(1.5) == ()


def test_the_threshold_is_for_the_whole_interval(run):
    change = only(compare([run(0.1)], [run(0.15)]))
    assert change.change == "slower"
    assert change.is_regression(0.05)
    assert not change.is_regression(0.4)  # the middle is above, the interval is not


def test_epochs_of_different_length_and_unshared_phases_have_no_row(make_run, make_measurement):
    def of(samples, *phases):
        parts = [make_measurement(p, samples_per_repeat=samples) for p in phases]
        return make_run(measurements=(make_measurement(), *parts))

    found = compare([of(60000, "epoch", "load")], [of(100, "epoch")])
    assert [c.phase for c in found.changes] == ["step"]


def test_a_phase_that_took_no_time_has_no_row(make_run, make_measurement):
    old = make_run(measurements=(make_measurement("load", 0.0), make_measurement()))
    assert [c.phase for c in compare([old], [old]).changes] == ["step"]


@pytest.mark.parametrize("blocks_", [(), (0.1, 0.1)])
def test_a_record_without_usable_times_is_named(make_run, make_measurement, blocks_):
    bad = (False,) * (3 * bool(blocks_))
    broken = make_measurement(block_seconds=blocks_, disturbed=bad, samples_per_repeat=64)
    with pytest.raises(RecordError, match="no usable time of its step"):
        compare([make_run()], [make_run(measurements=(broken,))])


@pytest.mark.parametrize(
    ("field", "value"),
    [("device", "cuda:0"), ("device_name", "Other"), ("cpu_count", 64), ("platform", "Darwin")],
)
def test_different_machines_are_refused_unless_told(run, field, value):
    with pytest.raises(UsageError, match=f"{field} is .*--across-machines"):
        compare([run()], [run(**{field: value})])
    assert compare([run()], [run(**{field: value})], across_machines=True).changes


def test_other_software_and_threads_are_noted(run):
    notes = compare([run()], [run(torch_version="2.11", threads=8)]).notes
    assert "torch_version differs: 2.15 and 2.11" in notes
    assert "threads differs: 2 and 8" in notes


ONE_THREAD = ("measured with one thread, as 2 did little but wait for each other",)


def test_one_thread_because_others_were_busy_is_no_regression(run):
    crowded = run(0.2, threads=1, warnings=ONE_THREAD)
    found = compare([run(0.1)], [crowded])
    assert only(found).contended
    assert only(found).change == "ambiguous"
    assert found.regressions(0.05) == ()
    assert only(compare([crowded], [run(0.1)])).change == "ambiguous"
    # Where quiet repeats tell, it says nothing; beside its like it tells as any other.
    assert only(compare([run(0.1)], [crowded, run(0.1)])).ratio.mid == pytest.approx(1, abs=0.01)
    later = run(0.4, threads=1, warnings=ONE_THREAD)
    assert only(compare([crowded], [later])).change == "slower"


def test_other_work_is_refused_or_noted(run):
    with pytest.raises(
        UsageError, match=r"first side has cnn \(batch 64, fp32\), the second .*128"
    ):
        compare([run()], [run(batch_size=128)])
    notes = compare([run(), run(name="mlp")], [run(), run(processes=2)]).notes
    assert "only the first side has mlp (batch 64, fp32)" in notes
    assert "only the second side has cnn (batch 64, fp32, 2 processes)" in notes


def test_the_same_runs_give_the_same_answer(run):
    pair = [run(0.1)], [run(0.12)]
    assert compare(*pair) == compare(*pair)
