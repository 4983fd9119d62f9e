"""The whole of `advise` on jobs whose answer is known."""

import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from bench import TorchWorkload, advise, runner, trials
from bench.variants import variants
from results import codec
from results.advice import Advice, Check, Trial
from results.errors import UsageError


class Slow(Dataset):
    """Samples that take 1 ms each to load: most of the step."""

    def __init__(self):
        self.rows = torch.randn(64, 4)

    def __len__(self):
        return 64

    def __getitem__(self, index):
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
        return self.rows[index], self.rows[index, :2]


def slow_loading():
    data = Slow()
    return TorchWorkload(
        name="slow",
        model=nn.Linear(4, 2),
        loss=nn.functional.mse_loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=lambda batch_size: DataLoader(data, batch_size=batch_size, shuffle=True),
        batch_size=8,
        samples_per_epoch=64,
    )


class Spanless:
    """No TorchWorkload: only the batch and the threads can be changed."""

    samples_per_epoch = 1000

    def prepare(self, device, batch_size, threads):
        self.samples_per_step = batch_size or 4
        self.data = torch.randn(64, 64)

    def step(self, mark):
        for _ in range(20):
            self.data @ self.data

    def synchronize(self):
        pass


def advised(make, max_seconds=3.0):
    session = runner.Session(make, "cpu", threads=1)
    run = runner.measure(session, "some:thing", 0.5)
    return advise.advise(session, run, max_seconds)


@pytest.fixture(autouse=True)
def few_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_slow_loading_is_found_to_be_the_trouble():
    found = advised(slow_loading)
    trial = {t.name: t for t in found.trials}
    assert found.trials[0].name == "nothing"
    assert trial["data in memory"].speed_up.mid > 3
    assert trial["data in memory"].check.passed
    assert trial["torch.compile"].not_tried.startswith("it needs --max-seconds")
    assert trial["channels_last"].not_tried == "the model has no two-dimensional convolution"
    assert trial["batch × 2"].check is None
    assert "tune the learning rate" in trial["batch × 2"].check_note
    assert codec.loads(codec.dumps(found), Advice) == found


@pytest.mark.slow
def test_what_is_no_torch_workload_gets_only_what_applies():
    found = advised(Spanless, 3.0)
    tried = [t.name for t in found.trials if t.speed_up]
    assert tried[0] == "nothing"
    assert all("batch" in name or "thread" in name for name in tried[1:])
    why = {t.name: t.not_tried for t in found.trials}
    assert why["bf16"] == "it can be applied to a TorchWorkload only"
    # The step does the same work for a batch of any size: twice the samples cost nothing.
    doubled = next(t for t in found.trials if t.name == "batch × 2")
    assert doubled.speed_up.mid > 1.3


def fake_trials(monkeypatch, gains, failing=(), on_call=None):
    """`advise` with made-up times: by name, how many times as fast; else as the plain job."""

    def trial(trying, changes, empty):
        if on_call:
            on_call(empty.name)
        gain = 1.0
        for variant in changes:
            gain *= gains.get(variant.name, 1.0)
        check = Check(
            steps=20, plain_loss=1.0, changed_loss=2.0 if empty.name in failing else 1.0,
            tolerance_ratio=0.01,
        )  # fmt: skip
        noise = [1 + i / 1000 for i in range(20)]
        return Trial(
            name=empty.name,
            change=empty.change,
            plain_sample_seconds=tuple(noise),
            changed_sample_seconds=tuple(n / gain for n in reversed(noise)),
            disturbed=(False,) * 20,
            check=check,
        )

    monkeypatch.setattr(advise, "_trial", trial)


def names(found):
    return [t.name for t in found.trials]


def test_the_best_of_each_group_go_together(monkeypatch):
    gains = {"data in memory": 2.0, "2 loader workers": 1.5, "bf16": 1.4, "batch × 2": 1.2,
             "batch × 4": 1.3, "fused optimizer": 1.005}  # fmt: skip
    monkeypatch.setattr(advise.machine, "usable_cpu_count", lambda: 2)
    fake_trials(monkeypatch, gains)
    found = advised(slow_loading)
    assert names(found)[-2:] == ["data in memory + bf16", "data in memory + bf16 + batch × 4"]
    gain = {t.name: found.gain(t) for t in found.trials}
    assert gain["data in memory"] == "faster"
    assert gain["fused optimizer"] == "noise"


def test_a_change_that_learns_something_else_does_not_go_together(monkeypatch):
    fake_trials(monkeypatch, {"data in memory": 2.0, "bf16": 1.4, "channels_last": 1.4}, ["bf16"])
    assert names(advised(slow_loading))[-1] == "data in memory + channels_last"


def test_nothing_that_pays_gives_no_set(monkeypatch):
    fake_trials(monkeypatch, {"data in memory": 2.0})
    assert names(advised(slow_loading))[-1] == "torch.compile"


def test_ctrl_c_keeps_what_was_tried(monkeypatch):
    def interrupt(name):
        if name == "bf16":
            raise KeyboardInterrupt

    fake_trials(monkeypatch, {}, on_call=interrupt)
    found = advised(slow_loading)
    assert found.partial
    assert names(found)[0] == "nothing"
    assert "bf16" not in names(found)


def test_a_change_that_fails_is_told_and_the_others_go_on(monkeypatch):
    def broken(workload):
        raise RuntimeError("no such kernel\nat line 5")

    def plan(*_):
        made = advise.Variant(name="broken", change="…", apply=_breaking)
        return [made]

    def _breaking(workload):
        workload.loss = lambda outputs, targets: broken(workload)
        return workload

    monkeypatch.setattr(advise, "variants", plan)
    found = advised(slow_loading, 1.0)
    assert found.trials[1].not_tried == "it failed with RuntimeError: no such kernel"


def padded(samples):
    rows = [row for row, _ in samples]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([t for _, t in samples])


class Pooled(nn.Linear):
    def forward(self, inputs):
        return super().forward(inputs.mean(1))


def sentences():
    """Samples of many lengths, which each batch pads to its own longest."""
    data = [(torch.randn(3 + i // 512, 4), i % 2) for i in range(2048)]
    return TorchWorkload(
        name="sentences",
        model=Pooled(4, 2),
        loss=nn.functional.cross_entropy,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=lambda size: DataLoader(data, batch_size=size, collate_fn=padded),
        batch_size=8,
        samples_per_epoch=2048,
    )


def test_samples_that_cannot_be_held_together_are_told_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(advise, "variants", lambda *_: variants("cpu", 2, 1, None)[:1])
    found = advised(sentences, 1.0)
    assert found.trials[1].name == "data in memory"
    assert found.trials[1].not_tried.startswith("it failed with RuntimeError: Sizes of tensors")


def test_a_check_that_fails_is_told_in_one_sentence():
    def exploding():
        made = sentences()
        made.loss = lambda outputs, targets: torch.empty(1 << 60)
        return made

    how = runner.Session(sentences, "cpu", threads=1)
    with pytest.raises(UsageError, match="sentences does not fit into"):
        trials.check(sentences, exploding, how, 1e-3)


def test_blocks_are_taken_in_changing_order():
    order = []

    def side(name):
        made = trials.Side(runner.Session(Spanless, "cpu"), 1)
        take = made.take
        made.take = lambda: (order.append(name), take())
        return made

    plain, changed = side("a"), side("b")
    bad = trials.in_turn(plain, changed, 0.1)
    assert "".join(order).startswith("baabba")
    assert len(bad) == len(plain.sample_seconds) == len(changed.sample_seconds)


def test_what_the_gpu_tells_meanwhile_spoils_a_round(monkeypatch):
    """Another program on it, or a clock held down: it is asked between the blocks."""
    monkeypatch.setattr("bench.session.POLL_SECONDS", 0.0)
    plain, changed = (trials.Side(runner.Session(Spanless, "cpu"), 1) for _ in range(2))

    class Told:
        is_disturbed = False

        def poll(self):
            self.is_disturbed = True

    changed.session.monitor = Told()
    assert all(trials.in_turn(plain, changed, 0.1))
    assert all(block.foreign for block in changed.blocks)
    assert not any(block.foreign for block in plain.blocks)
