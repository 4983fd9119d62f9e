"""Scaling efficiency from rounds that can be worked out by hand."""

from dataclasses import replace

import pytest

from results import codec
from results.scaling import Scaling
from results.scaling_text import scaling_lines, scaling_row

FOUND = Scaling(
    processes=2,
    backend="gloo",
    threads=1,
    batch_size=64,
    steps_per_block=4,
    single_block_seconds=(0.8, 0.9, 0.8, 0.8, 0.8, 4.0),
    parallel_block_seconds=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    disturbed=(False, False, False, False, False, True),
    foreign_cores=0.02,
)


def test_efficiency_is_the_median_of_neighbours_without_the_disturbed():
    assert FOUND.efficiencies == (0.8, 0.9, 0.8, 0.8, 0.8)
    assert FOUND.efficiency.mid == pytest.approx(0.8)
    assert FOUND.efficiency.high == pytest.approx(0.9)
    assert FOUND.speed_up.mid == pytest.approx(1.6)
    assert FOUND.step_factor.mid == pytest.approx(1.25)
    assert not FOUND.contended


@pytest.mark.parametrize(
    "change", [{"disturbed": (True,) * 2 + (False,) * 4}, {"foreign_cores": 0.5}]
)
def test_contended_spans_all_rounds(change):
    found = replace(FOUND, **change)
    assert found.contended
    assert (found.efficiency.low, found.efficiency.high) == (0.8, 4.0)


def test_a_drift_that_both_share_cancels():
    levels = [1 + i / 10 for i in range(20)]
    found = replace(
        FOUND,
        single_block_seconds=tuple(0.5 * level for level in levels),
        parallel_block_seconds=tuple(levels),
        disturbed=(False,) * 20,
    )
    assert found.efficiency.low == pytest.approx(found.efficiency.high) == pytest.approx(0.5)


def test_it_is_kept_in_the_record_and_told(make_run):
    run = make_run(scaling=FOUND)
    assert codec.loads(codec.dumps(run), type(run)) == run
    assert scaling_row(run)["efficiency_ratio"]["mid"] == pytest.approx(0.8)
    assert "scaling efficiency 80% (80% to 90%)" in scaling_lines(run)[0]
    busy = make_run(scaling=replace(FOUND, foreign_cores=1.0))
    assert "others used 1.0 cores" in scaling_lines(busy)[1]
    assert scaling_lines(make_run()) == []
    assert scaling_row(make_run()) is None
