"""Blocks and spans: what is timed, what is not, and what they cost."""

import multiprocessing
import sys
import time
from time import perf_counter

import pytest
import torch

from bench import clock
from bench.disturbance import Block, Counters, Neighbours, disturbed


class Sleeper:
    """A workload whose step takes known times."""

    samples_per_step = 1
    samples_per_epoch = 10

    def __init__(self, load=0.002, forward=0.004, sync=0.0):
        self.load, self.forward, self.sync = load, forward, sync
        self.steps = self.syncs = 0

    def prepare(self, device, batch_size, threads):
        pass

    def step(self, mark):
        self.steps += 1
        with mark("load"):
            busy(self.load)
        with mark("forward"):
            busy(self.forward)

    def synchronize(self):
        self.syncs += 1
        busy(self.sync)


def busy(seconds):
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def test_a_block_holds_its_steps_and_one_synchronise():
    workload = Sleeper(sync=0.01)
    block = clock.time_steps(workload, 5)
    assert (workload.steps, workload.syncs) == (5, 1)
    assert block.seconds >= 5 * 0.006 + 0.01


def test_spans_are_named_added_up_and_taken_once():
    spans = clock.HostSpans()
    block, seconds = clock.time_spans(Sleeper(), 3, spans)
    assert set(seconds) == {"load", "forward"}
    assert seconds["load"] >= 3 * 0.002
    assert seconds["forward"] >= 3 * 0.004
    assert sum(seconds.values()) <= block.seconds
    assert spans.take() == {}


def test_the_plain_mark_opens_no_span():
    with clock.no_mark("anything") as nothing:
        assert nothing is None


def test_a_span_is_closed_when_the_step_raises():
    spans = clock.HostSpans()
    with pytest.raises(RuntimeError), spans("load"):
        raise RuntimeError
    assert spans.take()["load"] > 0


def test_cpu_time_is_counted_over_the_block():
    before = Counters.now()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert 0.05 <= before.block(0.05).cpu_seconds < 0.5


def test_blocks_add_up():
    assert Block(1.0, 0.5, 2).plus(Block(2.0, 0.25, 3)) == Block(3.0, 0.75, 5)
    assert Block(1.0, 1.0, 0, 0.5, 0.0).plus(Block(1.0, 1.0, 0, 0.25, 0.1, True)) == Block(
        2.0, 2.0, 0, 0.75, 0.1, True
    )
    assert Block(1.0, 1.0, 0, 0.5).plus(Block(1.0, 1.0, 0)).wait_seconds is None  # unknown


@pytest.mark.parametrize(
    ("block", "is_bad"),
    [
        (Block(0.001, 0.001, 0), False),
        (Block(0.001, 0.001, 1), True),  # one switch may be four times the block
        (Block(0.001, 0.0009, 0), True),  # away for a tenth of the time
        (Block(0.4, 0.4, 1), False),  # a switch of 4 ms is 1%
        (Block(0.4, 0.4, 2), True),
        (Block(10.0, 10.0, 125), False),  # over a long stretch 5% are let by
        (Block(10.0, 10.0, 126), True),
        (Block(0.001, 0.002, 0), False),  # two threads at work
        (Block(0.001, 0.001, 1, 0.0), False),  # switched away, but lost nothing by it
        (Block(0.001, 0.001, 0, 0.00002), True),  # its threads waited for 2% of it
        (Block(0.001, 0.001, 0, 0.0, 0.01), True),  # the hypervisor took a tick
        (Block(0.001, 0.001, 0, 0.0, 0.0, True), True),  # the GPU was shared
    ],
)
def test_what_counts_as_disturbed(block, is_bad):
    quiet = [Block(block.seconds, block.seconds, 0)] * 20
    assert disturbed([*quiet, block])[-1] is is_bad


def test_short_blocks_right_after_a_disturbance_are_cold():
    short, spoilt = Block(0.0008, 0.0008, 0, 0.0), Block(0.004, 0.0004, 1, 0.0036)
    found = disturbed([short, spoilt, short, short, short, short])
    assert found == (False, True, True, True, True, False)  # those that begin within 2 ms
    long = Block(0.006, 0.006, 0, 0.0)
    assert disturbed([long, Block(0.01, 0.006, 1, 0.004), long]) == (False, True, False)


def test_a_workload_that_waits_for_itself_is_not_disturbed_by_that():
    waiting = [Block(0.01, 0.002, 0)] * 30
    assert not any(disturbed(waiting))
    assert disturbed([*waiting, Block(0.01, 0.001, 0)])[-1]


def test_beside_workers_the_machine_is_asked_not_the_threads(monkeypatch):
    """Worker processes make their own parent wait; only what others used counts then."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(2), raising=False)
    waiting = [Block(0.1, 0.05, 3, 0.05)] * 3
    start = Neighbours(busy_seconds=10.0, own_seconds=5.0, has_workers=True, wall_seconds=100.0)
    for busy, foreign in ((12.0, False), (12.5, True)):  # the job itself used 2 s in 1 s
        end = start._replace(busy_seconds=busy, own_seconds=7.0, wall_seconds=101.0)
        judged = start.judge(waiting, end)
        assert {(b.wait_seconds, b.foreign) for b in judged} == {(0.0, foreign)}
        assert start.others_seconds(end) == busy - 12.0
        assert start.judge(waiting, end._replace(has_workers=False)) == waiting
    assert start.others_seconds(start._replace(busy_seconds=None)) is None


@pytest.mark.parametrize(("cores", "foreign"), [(2, True), (8, True), (9, False), (64, False)])
def test_beside_workers_nobody_waits_while_half_of_the_cores_are_idle(monkeypatch, cores, foreign):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(cores), raising=False)
    start = Neighbours(busy_seconds=10.0, own_seconds=5.0, has_workers=True, wall_seconds=100.0)
    end = start._replace(busy_seconds=14.5, own_seconds=7.0, wall_seconds=101.0)
    (judged,) = start.judge([Block(0.1, 0.1, 0, 0.0)], end)
    assert judged.foreign == foreign


@pytest.mark.skipif(sys.platform != "linux", reason="counted on Linux only")
def test_workers_that_end_in_between_are_no_neighbours():
    """A loader's workers end with each epoch: what they had used before is not given to others."""
    child = multiprocessing.get_context("fork").Process(target=busy, args=(1.0,))
    child.start()
    busy(0.5)
    start = Neighbours.now()
    child.join()
    end = Neighbours.now()
    assert start.has_workers
    assert not end.has_workers
    assert end.own_seconds >= start.own_seconds


def test_no_blocks_no_flags():
    assert disturbed([]) == ()


def test_sleeping_in_a_busy_series_is_noticed():
    """The real counters: blocks that lost the processor are told from those that kept it."""
    blocks = []
    for lost in (0, 0, 0, 0, 0.02, 0, 0, 0, 0, 0):
        before, start = Counters.now(), perf_counter()
        busy(0.005)
        time.sleep(lost)
        blocks.append(before.block(perf_counter() - start))
    assert disturbed(blocks)[4]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_cuda_spans_time_the_stream():
    spans = clock.spans_for("cuda:0")
    data = torch.randn(4096, 4096, device="cuda")
    with spans("forward"):
        for _ in range(20):
            data @ data
    torch.cuda.synchronize()
    taken = spans.take()["forward"]
    start = perf_counter()
    for _ in range(20):
        data @ data
    torch.cuda.synchronize()
    assert taken == pytest.approx(perf_counter() - start, rel=0.5)


def test_the_cpu_has_host_spans():
    assert isinstance(clock.spans_for("cpu"), clock.HostSpans)
    assert isinstance(clock.spans_for("cuda:1"), clock.CudaSpans)
