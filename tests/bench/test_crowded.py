"""Threads that wait for each other beside other programs give way to one; the record says so."""

import itertools

import pytest
import torch
from torch import nn

from bench import TorchWorkload, crowded, runner, torch_facts
from bench.disturbance import Block

SPOILT = [Block(0.02, 0.001, 3, 0.019)] * 20
GOOD = [Block(0.001, 0.001, 0, 0.0)] * 20


def small():
    return TorchWorkload(
        name="small",
        model=nn.Linear(4, 2),
        loss=nn.functional.mse_loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=lambda size: itertools.repeat((torch.zeros(size, 4), torch.zeros(size, 2)), 8),
        batch_size=8,
        samples_per_epoch=64,
    )


@pytest.fixture(autouse=True)
def two_threads():
    with torch_facts.threads_kept():
        torch.set_num_threads(2)
        yield


@pytest.mark.parametrize(
    ("blocks", "others", "threads", "is_crowded"),
    [
        (SPOILT, 2.0, None, True),
        (GOOD, 2.0, None, False),  # busy neighbours, but the threads have their processors
        (SPOILT, 0.1, None, False),  # it loses time to itself
        (SPOILT, None, None, False),  # not known
        (SPOILT, 2.0, 2, False),  # asked for by the user
    ],
)
def test_when_threads_give_way(blocks, others, threads, is_crowded):
    session = runner.Session(small, "cpu", threads=threads)
    assert crowded.is_crowded(session, blocks, others) is is_crowded


def test_one_thread_has_nothing_to_give_way_to():
    torch.set_num_threads(1)
    assert not crowded.is_crowded(runner.Session(small, "cpu"), SPOILT, 2.0)


@pytest.mark.parametrize("gives_way", [True, False])
def test_a_run_tells_with_how_many_threads_it_was_measured(monkeypatch, gives_way):
    seen = []

    def is_crowded(session, blocks, others):
        seen.append(len(blocks))
        return gives_way

    monkeypatch.setattr(crowded, "is_crowded", is_crowded)
    session = runner.Session(small, "cpu")
    with torch_facts.threads_kept():
        run = runner.measure(session, "some:thing", 0.5)
        assert torch.get_num_threads() == run.machine.threads == (1 if gives_way else 2)
    assert torch.get_num_threads() == 2  # the next workload begins with the default again
    assert seen[0] > 0
    assert any("--threads 2 insists" in text for text in run.warnings) is gives_way
    step = run.measurement("step")
    assert sum(step.bursts) == len(step.block_seconds)
