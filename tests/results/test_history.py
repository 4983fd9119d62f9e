"""A workload's runs as a series over commits."""

import pytest

from results.change_text import history_rows
from results.errors import UsageError
from results.history import histories, history


@pytest.fixture
def at(make_run, make_measurement):
    def run(hour, seconds=0.1, commit="aaaaaaa", phase="step", **given):
        measured = make_measurement(phase, seconds, **given.pop("measured", {}))
        stamp = f"2026-11-24T{hour:02d}:00:00+00:00"
        return make_run(
            run_id=f"20261124T{hour:02d}0000-cnn-000000", captured_at=stamp, commit=commit,
            measurements=(measured,), **given,
        )  # fmt: skip

    return run


def test_runs_of_a_commit_are_one_point_and_changes_are_against_the_one_before(at):
    runs = [at(3, 0.2, "bbbbbbb"), at(1), at(2), at(4, 0.2, "ccccccc")]
    found = history(runs, "cnn")
    assert [p.commit for p in found.points] == ["aaaaaaa", "bbbbbbb", "ccccccc"]
    assert [len(p.run_ids) for p in found.points] == [2, 1, 1]
    assert [p.change and p.change.change for p in found.points][:2] == [None, "slower"]
    assert found.points[2].change.ratio.mid == pytest.approx(1)
    assert [row["seconds"]["mid"] for row in history_rows(found)] == [0.1, 0.2, 0.2]


def test_an_unknown_commit_stands_alone_and_a_return_is_a_point_of_its_own(at):
    assert len(history([at(1, commit=None), at(2, commit=None)], "cnn").points) == 2
    back = [at(1), at(2, commit="bbbbbbb"), at(3)]
    assert [p.commit for p in history(back, "cnn").points] == ["aaaaaaa", "bbbbbbb", "aaaaaaa"]


def test_other_machines_and_settings_are_left_out(at):
    runs = [at(1, device_name="Old CPU"), at(2, batch_size=8), at(3, partial=True), at(4)]
    found = history(runs, "cnn")
    assert len(found.points) == 1
    assert found.left_out == 2


def test_contended_runs_give_way_to_quiet_ones(at):
    loud = at(2, 0.5, measured={"disturbed": (True,) * 9})
    assert history([at(1), loud], "cnn").points[0].seconds.high == 0.1
    assert history([loud], "cnn").points[0].verdict == "contended"


def test_what_is_not_there(at):
    with pytest.raises(UsageError, match="Near: cnn"):
        history([at(1)], "cn")
    with pytest.raises(UsageError, match="timed 'epoch'"):
        history([at(1)], "cnn", "epoch")
    with pytest.raises(UsageError, match="no run yet"):
        history([], "cnn")


def test_series_of_all_that_was_measured_and_at_most_so_many_runs(make_run, make_measurement):
    runs = [
        make_run(
            run_id=f"r{i}",
            captured_at=f"2026-11-{1 + i:02}T00:00:00+00:00",
            commit=f"c{i}",
            batch_size=8 << i % 2,
            measurements=(make_measurement("step", 0.1 + 0.05 * i),),
        )
        for i in range(10)
    ]
    small, large = histories(runs[::-1], most=3)
    assert [p.run_ids for p in small.points] == [("r4",), ("r6",), ("r8",)]
    assert (small.left_out, large.left_out) == (2, 2)
    assert [p.change is None for p in large.points] == [True, False, False]
    whole = histories(runs, most=5)[0]
    assert whole.left_out == 0
    assert whole.points == history([r for r in runs if r.workload.batch_size == 8], "cnn").points
    assert histories([make_run(partial=True), make_run(measurements=())], most=5) == []
