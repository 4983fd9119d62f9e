"""Batch sweeps on a small model, with sizes that do not fit."""

import pytest
import torch
from torch import nn

from bench import TorchWorkload
from bench.sweep import InterruptedSweep, sweep
from results.errors import UsageError


def small(limit=10**9):
    def batches(size):
        if size > limit:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        yield torch.randn(size, 4), torch.randn(size, 2)

    return TorchWorkload(
        name="small",
        model=nn.Linear(4, 2),
        loss=nn.functional.mse_loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=batches,
        batch_size=8,
        samples_per_epoch=4096,
    )


def swept(make, sizes, seconds=1.0):
    shown = []
    points = sweep(make, "cpu", sizes, seconds, lambda text, share: shown.append((text, share)))
    return points, shown


def test_each_size_is_visited_twice_smallest_first():
    points, shown = swept(small, [32, 8, 8])
    assert [p.batch_size for p in points] == [8, 32]
    assert [text for text, _ in shown] == ["batch 8", "batch 32", "batch 32", "batch 8"]
    assert all(p.step_seconds and p.peak_memory_bytes for p in points)
    assert all(p.problem is None for p in points)


def test_what_does_not_fit_is_a_point_with_a_problem():
    points, _ = swept(lambda: small(limit=32), [16, 64, 128])
    assert points[0].step_seconds
    assert [p.problem for p in points] == [None, "out of memory", "not tried: 64 ran out of memory"]
    assert points[1].step_seconds == points[2].step_seconds == ()


def test_a_batch_larger_than_an_epoch_is_refused():
    with pytest.raises(UsageError, match="a batch of 8192 is larger than an epoch of 4096"):
        swept(small, [8192])


def test_ctrl_c_keeps_the_sizes_that_were_measured():
    def progress(text, share):
        if share > 0 and text == "batch 32":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedSweep) as stopped:
        sweep(small, "cpu", [8, 16, 32], 1.0, progress)
    assert [p.batch_size for p in stopped.value.points] == [8, 16]
    assert all(p.step_seconds for p in stopped.value.points)


def test_a_size_that_would_pass_the_memory_is_not_tried(monkeypatch):
    """On a processor the kernel would end the program."""
    held = 2**30
    monkeypatch.setattr("bench.proc.memory_bytes", lambda: held)
    monkeypatch.setattr("bench.proc.free_memory_bytes", lambda: 6 * 2**30)
    sizes = []

    def peak(_device):  # 1 GiB more for each 8 of the batch
        return held + sizes[-1] // 8 * 2**30

    def make():
        workload = small()
        sizes.append(0)
        plain = workload.batches

        def batches(size):
            sizes[-1] = size
            return plain(size)

        workload.batches = batches
        return workload

    monkeypatch.setattr("bench.torch_facts.peak_memory_bytes", peak)
    points, _ = swept(make, [8, 16, 64, 128])
    assert [bool(p.step_seconds) for p in points] == [True, True, False, False]
    assert points[2].problem == "not tried: needs 8.00 GiB more, 6.00 GiB are free"
    assert set(sizes) == {8, 16}
