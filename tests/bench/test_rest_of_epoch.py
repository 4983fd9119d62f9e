"""A training that is interrupted sees what it would have seen, and comes to the same weights."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset, IterableDataset

from bench import checkpoint
from bench.checkpoint import Checkpoints
from bench.session import Session
from bench.training import Training
from bench.workload import TorchWorkload

SAMPLES, BATCH, EPOCHS = 50, 8, 3  # the last batch of an epoch is short
STEPS = 7  # of an epoch


class Numbered(Dataset[tuple[Tensor, Tensor]]):
    """Samples that note when they are taken; `noise` is drawn anew each time, as by a crop."""

    def __init__(self, taken: list[int], noise: float) -> None:
        self.taken, self.noise = taken, noise

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        self.taken.append(index)
        value = torch.full((4,), index / SAMPLES) + self.noise * torch.randn(4)
        return value, value.sum().reshape(1)


class Streamed(IterableDataset[tuple[Tensor, Tensor]]):
    """The same as a stream, in an order drawn anew each time."""

    def __init__(self, taken: list[int]) -> None:
        self.samples = Numbered(taken, 0.0)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (self.samples[int(i)] for i in torch.randperm(SAMPLES))


class TakenAwayError(Exception):
    """Stands for the machine that was taken away."""


class Watched:
    """A training whose workload stops at a step, and what it has seen and lost."""

    def __init__(self, folder: Path | None, make_batches: Callable[[list[int]], Any]) -> None:
        self.taken: list[int] = []
        self.losses: list[float] = []
        self.told: list[str] = []
        self.stop_after: int | None = None
        self.batches = make_batches(self.taken)
        kept = Checkpoints(folder, {}) if folder else None
        self.session = Session(self._workload, "cpu", BATCH, seed=5)
        self.training = Training(
            self.session, EPOCHS, kept, True, lambda _: self._begin(), self.told.append
        )

    def _begin(self) -> None:
        """At the first heartbeat: preparing has looked at a batch, which is not trained on."""
        if not self.losses:
            del self.taken[:]

    def _workload(self) -> TorchWorkload:
        return TorchWorkload(
            name="watched",
            model=nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)),
            loss=self._loss,
            optimizer=partial(optim.SGD, lr=0.01, momentum=0.9),
            batches=self.batches,
            batch_size=BATCH,
            samples_per_epoch=SAMPLES,
        )

    def _loss(self, found: Tensor, wanted: Tensor) -> Tensor:
        if self.stop_after is not None and len(self.losses) >= self.stop_after:
            raise TakenAwayError
        loss = nn.functional.mse_loss(found, wanted)
        self.losses.append(float(loss.detach()))
        return loss

    def run(self, stop_after: int | None = None) -> "Watched":
        """Train; a step is a chunk of its own, and a checkpoint follows each."""
        self.stop_after = stop_after
        self.training.run(step_seconds=1.0)
        return self


def drawn(noise: float = 0.0, workers: int = 0) -> Callable[[list[int]], Any]:
    return lambda taken: (
        lambda size: DataLoader(
            Numbered(taken, noise), batch_size=size, shuffle=True, num_workers=workers
        )
    )


def the_same_loader_each_time(taken: list[int]) -> Any:
    loader = DataLoader(Numbered(taken, 0.1), batch_size=BATCH, shuffle=True)
    return lambda size: loader


def streamed(taken: list[int]) -> Any:
    return lambda size: DataLoader(Streamed(taken), batch_size=size)


@pytest.fixture(autouse=True)
def _saves_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SAVE_SHARE", 1e9)


@pytest.mark.parametrize("stop_after", [1, 3, STEPS - 1, STEPS, STEPS + 4, 2 * STEPS + 2])
def test_each_sample_is_seen_once_an_epoch_and_the_loss_is_the_same(
    tmp_path: Path, stop_after: int
) -> None:
    through = Watched(None, drawn(noise=0.1)).run()
    first = Watched(tmp_path, drawn(noise=0.1))
    with pytest.raises(Exception, match="TakenAway"):
        first.run(stop_after)
    second = Watched(tmp_path, drawn(noise=0.1)).run()
    assert second.training.position.resumed == 1
    trained = first.taken[: _samples(stop_after)] + second.taken
    for epoch in range(EPOCHS):
        seen = Counter(trained[epoch * SAMPLES : (epoch + 1) * SAMPLES])
        assert seen == Counter(range(SAMPLES))
    assert trained == through.taken
    assert first.losses + second.losses == through.losses
    weights, wanted = (w.session.workload.state()["model"] for w in (second, through))
    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


def _samples(steps: int) -> int:
    """Samples of so many steps; what was loaded for the step that failed was not trained on."""
    return steps // STEPS * SAMPLES + steps % STEPS * BATCH


def test_epochs_have_orders_of_their_own() -> None:
    taken = Watched(None, drawn()).run().taken
    orders = {tuple(taken[i * SAMPLES : (i + 1) * SAMPLES]) for i in range(EPOCHS)}
    assert len(orders) == EPOCHS


@pytest.mark.parametrize("make_batches", [the_same_loader_each_time, streamed])
def test_other_sources_go_on_too(tmp_path: Path, make_batches: Any) -> None:
    through = Watched(None, make_batches).run()
    first = Watched(tmp_path, make_batches)
    with pytest.raises(Exception, match="TakenAway"):
        first.run(STEPS + 4)
    second = Watched(tmp_path, make_batches).run()
    assert first.losses + second.losses == through.losses
    assert len(second.losses) == EPOCHS * STEPS - (STEPS + 4)


@pytest.mark.slow
def test_workers_load_only_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Workers that end with the garbage of an exception are waited for in vain, 5 s each time.
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.1)
    through = Watched(None, drawn(workers=2)).run()
    first = Watched(tmp_path, drawn(workers=2))
    with pytest.raises(Exception, match="TakenAway"):
        first.run(3)
    second = Watched(tmp_path, drawn(workers=2)).run()
    assert first.losses + second.losses == through.losses
    del first, second, through
    gc.collect()


def test_a_workload_without_the_method_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delattr(TorchWorkload, "resume_epoch")
    with pytest.raises(Exception, match="TakenAway"):
        Watched(tmp_path, drawn()).run(3)
    second = Watched(tmp_path, drawn()).run()
    assert "! this workload has no resume_epoch(): the rest of the epoch is drawn anew" in (
        second.told
    )
