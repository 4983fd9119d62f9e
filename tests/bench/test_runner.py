"""The runner on small real models and on workloads that go wrong."""

import math
import os
import signal
import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from bench import TorchWorkload, epochs, runner, stopping
from bench.sampling import Samples
from results.errors import UsageError


@pytest.fixture(autouse=True)
def _short_wait_for_a_worker_that_failed(monkeypatch):
    # torch waits so long for one, whatever may still come of it.
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.2)


def small(name="small", samples=64, evaluator=None, batches=None, loss=nn.functional.mse_loss):
    def some(batch_size):
        for _ in range(-(-samples // batch_size)):
            yield torch.randn(batch_size, 4), torch.randn(batch_size, 2)

    return TorchWorkload(
        name=name,
        model=nn.Linear(4, 2),
        loss=loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=batches or some,
        batch_size=8,
        samples_per_epoch=samples,
        evaluator=evaluator,
    )


class Spanless:
    """A fused step: only the whole is known."""

    samples_per_step = 4
    samples_per_epoch = 12

    def prepare(self, device, batch_size, threads):
        self.data = torch.randn(64, 64)

    def step(self, mark):
        self.data @ self.data

    def synchronize(self):
        pass


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy test machine must not make epochs be given up."""
    monkeypatch.setattr(runner, "EPOCH_PATIENCE", 1000)


def test_an_epoch_that_takes_far_longer_than_foretold_is_given_up(monkeypatch):
    monkeypatch.setattr(runner, "EPOCH_PATIENCE", 0)
    run = measured(small)
    assert run.measurement("epoch") is None
    assert run.epochs_trained == 0


def measured(make, max_seconds=2.0, **more):
    return runner.measure(runner.Session(make, "cpu", **more), "some:thing", max_seconds)


def test_a_run_holds_phases_step_epochs_and_metrics():
    shown = []
    run = measured(
        lambda: small(evaluator=lambda model, device: {"test_loss": 0.5, "bad": math.nan}),
        progress=lambda text, share: shown.append((text, share)),
    )
    phases = [m.phase for m in run.measurements]
    assert phases == [
        "load", "forward", "backward", "optimizer", "step", "epoch_start", "epoch", "evaluation"
    ]  # fmt: skip
    assert run.workload.parameter_count == 10
    assert run.workload.input_shape == (4,)
    assert run.measurement("step").samples_per_repeat == 8
    assert run.measurement("epoch").samples_per_repeat == 64
    assert run.epochs_trained == len(run.measurement("epoch").block_seconds) >= 3
    assert run.metrics == (("test_loss", 0.5),)  # a NaN is unknown, not a figure
    assert run.measurement("step").warmup_seconds
    assert run.peak_memory_bytes > 2**20
    assert run.flops_per_step == 2 * 8 * 4 * 2 * 2  # forward, and backward for the weights alone
    assert shown[0][0] == "warming up"
    assert [share for _, share in shown] == sorted(share for _, share in shown)


def test_steps_come_in_bursts_and_warm_up_is_kept_apart():
    run = measured(small)
    step = run.measurement("step")
    assert sum(step.bursts) == len(step.block_seconds)
    assert len(step.bursts) >= 2
    assert step.warmup_steps >= len(step.warmup_seconds) >= 2
    assert run.measurement("forward").bursts
    start = run.measurement("epoch_start")
    assert len(start.block_seconds) == epochs.STARTS
    assert run.bytes_per_step > 0
    assert (run.energy_joules, run.gpu_busy_seconds) == (None, None)  # no GPU: unknown


def interrupt_at(words):
    def progress(text, share):
        if text.startswith(words):
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("when", ["timing steps", "epoch 2"])
def test_ctrl_c_keeps_what_was_measured_as_a_partial_run(when):
    run = measured(small, progress=interrupt_at(when))
    assert run.partial
    assert run.measurement("step").block_seconds
    assert run.measurement("step").stopped_because == "interrupted"
    assert run.epochs_trained == (1 if when == "epoch 2" else 0)
    for found in run.measurements:
        assert len(found.block_seconds) == len(found.disturbed)


def test_ctrl_c_while_the_workload_is_built_anew_for_its_epochs_keeps_what_was_measured():
    built = []

    def slow_to_build():
        built.append(1)
        if len(built) == 2:
            raise KeyboardInterrupt
        return small()

    run = measured(slow_to_build)
    assert len(built) == 2
    assert run.partial
    assert run.workload.name == "small"
    assert run.measurement("step").samples_per_repeat == 8


def test_an_error_that_ctrl_c_led_to_keeps_what_was_measured():
    """A loader says that its workers have gone, which the same Ctrl-C ended."""
    now, runs = [], []

    def batches(batch_size):
        for _ in range(8):
            if now:
                now.clear()
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                except KeyboardInterrupt:
                    raise RuntimeError("a worker has gone") from None
            yield torch.randn(batch_size, 4), torch.randn(batch_size, 2)

    def progress(text, _share):
        if text.startswith("epoch 2"):
            now.append(True)

    with pytest.raises(stopping.Stopped), stopping.heeded():
        runs.append(measured(lambda: small(batches=batches), progress=progress))
    (run,) = runs
    assert run.partial
    assert run.measurement("step").block_seconds


@pytest.mark.parametrize(("steps", "kept"), [(3, 2), (8, 7), (40, 30)])
def test_ctrl_c_before_times_have_settled_keeps_what_there_is(steps, kept):
    left = iter(range(steps))

    def slow(_outputs, _targets):
        time.sleep(0.001)  # a step a block
        if next(left, None) is None:
            raise KeyboardInterrupt
        return _outputs.sum()

    run = measured(lambda: small(loss=slow))
    step = run.measurement("step")
    assert run.partial
    assert step.stopped_because == "interrupted"
    assert sum(step.bursts) == len(step.block_seconds) >= 1
    timed = step.warmup_steps + step.steps_per_block * len(step.block_seconds)
    assert kept <= timed <= steps


def test_ctrl_c_before_the_first_step_keeps_nothing():
    with pytest.raises(KeyboardInterrupt):
        measured(small, progress=interrupt_at("warming up"))


def test_one_step_can_be_measured_alone():
    found = runner.measure_step(runner.Session(small, "cpu"), 0.5)
    assert found.phase == "step"
    assert found.seconds.mid > 0


def test_steps_after_a_pause_do_not_count():
    session = runner.Session(small, "cpu")
    before = session.steps_done
    started = time.perf_counter()
    runner.Refill(session)()
    assert time.perf_counter() - started >= runner.COLD_SECONDS
    assert session.steps_done > before + 3
    before = session.steps_done
    session.workload.step = lambda _: time.sleep(0.03)  # too long for cold caches to matter
    runner.Refill(session)()
    assert session.steps_done == before + 1


def test_what_a_loader_loaded_ahead_is_used_up_first(monkeypatch):
    session = runner.Session(small, "cpu")
    before = session.steps_done
    session.workload = type("Ahead", (Spanless,), {"prefetched_batches": 4})()
    monkeypatch.setattr(runner, "COLD_SECONDS", 0.0)
    session.workload.prepare("cpu", None, None)
    runner.Refill(session)()
    assert session.steps_done == before + 4


def test_a_slow_second_step_does_not_make_blocks_short():
    class SlowSecond(Spanless):
        done = 0

        def step(self, mark):
            self.done += 1
            time.sleep(0.03 if self.done == 2 else 0.0001)

    assert measured(SlowSecond).measurement("step").steps_per_block > 1


def test_phases_lie_within_the_step():
    run = measured(small)
    parts = sum(run.measurement(p).seconds.mid for p in ("load", "forward", "backward"))
    assert parts < 2 * run.measurement("step").seconds.high


def test_a_step_without_spans_is_known_as_a_whole():
    run = measured(Spanless)
    assert [m.phase for m in run.measurements] == ["step", "epoch"]
    assert run.workload.name == "some:thing"
    assert run.workload.parameter_count is None


def test_an_epoch_that_does_not_fit_is_not_run():
    run = measured(lambda: small(samples=10**9), max_seconds=1.0)
    assert run.measurement("epoch") is None
    assert run.epochs_trained == 0
    assert run.metrics == ()


def test_the_same_seed_gives_the_same_model():
    weights = []
    for seed in (1, 1, 2):
        session = runner.Session(small, "cpu", seed=seed)
        session.steps(3)
        weights.append(session.workload.model.weight.detach().clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_epochs_start_from_a_fresh_model():
    session = runner.Session(small, "cpu")
    first = session.workload
    epochs.train(session, 0.001, 1, Samples())
    assert session.workload is not first


def test_batch_size_and_threads_are_obeyed():
    before = torch.get_num_threads()
    session = runner.Session(small, "cpu", batch_size=16, threads=1)
    assert session.workload.samples_per_step == 16
    assert torch.get_num_threads() == 1
    assert session.steps_per_epoch == 4
    torch.set_num_threads(before)


def test_the_gpu_that_was_asked_for_is_the_current_one(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    runner.Session(Spanless, "cuda:1")  # or its spans would be timed on the stream of cuda:0
    runner.Session(Spanless, "cpu")
    assert chosen == ["cuda:1"]


def test_an_epoch_is_shared_among_processes():
    session = runner.Session(small, "cpu", processes=3)
    assert session.steps_per_epoch == 3  # ceil(64 / (8 × 3))


HERE = "in tests/bench/test_runner.py, line LINE,"


def explode(*_):
    raise ValueError("first line\nsecond line")


class NoCounts(Spanless):
    samples_per_step = 0


class Quarter(Spanless):
    precision = "int8"


class Exploding(Spanless):
    step = explode


class Leaving(Spanless):
    def step(self, mark):
        raise SystemExit(5)


class Unready(Spanless):
    start_epoch = explode


class Unfit(Spanless):
    def evaluate(self):
        raise SystemExit(3)


class NoScore(Spanless):
    def evaluate(self):
        return {"accuracy": "high"}


class Uncountable(Spanless):
    def step(self, mark):
        if torch.utils._python_dispatch._get_current_dispatch_mode():
            raise TypeError("no mode")


class Torn:
    """Samples of which one cannot be read, as a loader's process finds out."""

    def __len__(self):
        return 64

    def __getitem__(self, index):
        if index == 40:
            raise ValueError("torn")
        return torch.randn(4), torch.randn(2)


def Workers():  # noqa: N802
    return small(batches=lambda size: DataLoader(Torn(), size, num_workers=1))


class OutOfMemory(Spanless):
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")

    def step(self, mark):
        raise self.error


class NoWorkspace(OutOfMemory):
    error = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(h)`")


class OutOfNumpysMemory(OutOfMemory):
    error = MemoryError("Unable to allocate 3.2 TiB for an array with shape (…)")


def pairs(count):
    return [(torch.randn(4), torch.randn(2)) for _ in range(count)]


def test_batches_that_do_not_obey_the_batch_size_are_told():
    with pytest.raises(UsageError, match=r"ValueError: batches\(8\) gives batches of 4"):
        runner.Session(lambda: small(batches=lambda _: DataLoader(pairs(64), 4)), "cpu")
    own = [(torch.randn(8, 4), torch.randn(8, 2))]
    with pytest.raises(UsageError, match=r"batches\(16\) gives batches of 8"):
        runner.Session(lambda: small(batches=lambda _: own), "cpu", batch_size=16)


def test_samples_that_a_loader_drops_are_no_part_of_an_epoch():
    def dropping(size):
        return DataLoader(pairs(70), size, drop_last=True)

    session = runner.Session(lambda: small(samples=70, batches=dropping), "cpu")
    assert (session.workload.samples_per_epoch, session.steps_per_epoch) == (64, 8)
    keeping = runner.Session(
        lambda: small(samples=70, batches=lambda n: DataLoader(pairs(70), n)), "cpu"
    )
    assert (keeping.workload.samples_per_epoch, keeping.steps_per_epoch) == (70, 9)


@pytest.mark.parametrize(
    "batches",
    [
        lambda size: DataLoader(pairs(64), batch_sampler=[[0, 1, 2], [3, 4]]),  # as they come
        lambda size: [(torch.randn(5, size, 4), torch.randn(5, size, 2))],  # time comes first
        lambda size: DataLoader(pairs(2), size),  # of one worker's short share
        lambda size: [(torch.randn(3, 4), torch.randn(3, 2))],
    ],
)
def test_batches_whose_size_cannot_be_told_are_left_alone(batches):
    runner.Session(lambda: small(batches=batches), "cpu", batch_size=16)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (Exploding, f"a training step of the workload failed {HERE} with ValueError: first line."),
        (Leaving, f"a training step of the workload failed {HERE} with SystemExit: 5."),
        (Unready, f"start_epoch() of the workload failed {HERE} with ValueError: first line."),
        (Unfit, f"evaluate() of the workload failed {HERE} with SystemExit: 3."),
        (NoScore, "evaluate() of the workload failed with ValueError: could not convert string"),
        (Uncountable, f"a training step of the workload failed {HERE} with TypeError: no mode."),
        (
            Workers,
            f"a training step of the workload failed {HERE} with ValueError: ValueError: torn",
        ),
        (NoCounts, "samples_per_step must be a positive int after prepare"),
        (Quarter, "precision is 'int8'; expected one of fp32, tf32, half, fp16, bf16."),
        (OutOfMemory, "does not fit into the device's memory. Try a smaller --batch-size."),
        (NoWorkspace, "does not fit into the device's memory."),
        (OutOfNumpysMemory, "does not fit into the device's memory."),
        (lambda: small(batches=lambda size: []), "small yields no batch of 8"),
        (lambda: small(samples=4), "a batch of 8 is larger than an epoch of 4"),
        (lambda: small(evaluator=explode), f"evaluate() of the workload failed {HERE} with"),
    ],
)
def test_what_a_users_workload_can_do_wrong(make, says):
    says = says.replace("(", r"\(").replace(")", r"\)").replace("LINE", r"\d+")
    with pytest.raises(UsageError, match=says) as caught:
        measured(make, max_seconds=0.5)
    assert "\n" not in str(caught.value)
