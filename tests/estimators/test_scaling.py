"""Whose efficiency is taken for several processes: the run's own, where it may be believed."""

from dataclasses import replace

import pytest

from estimators import rules
from estimators.basis import basis
from estimators.scaling import shared_work
from results.scaling import Scaling
from tests.results.conftest import build_run

MEASURED = Scaling(
    processes=4,
    backend="nccl",
    threads=1,
    batch_size=64,
    steps_per_block=1,
    single_block_seconds=(0.8,) * 9,
    parallel_block_seconds=(1.0,) * 9,
    disturbed=(False,) * 9,
)


def share(per_node=4, nodes=1, **change):
    base = basis(build_run(device="cuda:0", scaling=replace(MEASURED, **change)))
    return shared_work(base, base, per_node, nodes)


def test_the_runs_own_efficiency():
    found = share()
    assert found.measured
    assert found.factor.mid == pytest.approx(1.25)
    assert "own run" in found.assumptions[0]


@pytest.mark.parametrize(("device", "measured"), [("cpu", False), ("cuda:0", True)])
def test_two_processes_on_a_processor_say_nothing_of_two_gpus(device, measured):
    base = basis(replace(build_run(device=device), processes=2))
    found = shared_work(base, base, 2, 1)
    assert found.measured == measured
    assert any("own run" in text for text in found.assumptions) == measured
    assert (found.factor == rules.parallel_factor(2, 1)) == (not measured)


@pytest.mark.parametrize(
    "case",
    [
        {"backend": "gloo"},
        {"disturbed": (True,) * 9},
        {"processes": 2},
        {"per_node": 2, "nodes": 2},
    ],
)
def test_what_does_not_speak_for_the_offer(case):
    found = share(**case)
    assert not found.measured
    per_node, nodes = case.get("per_node", 4), case.get("nodes", 1)
    assert found.factor == rules.parallel_factor(per_node, nodes)
