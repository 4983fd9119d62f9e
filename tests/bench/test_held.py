"""Samples held as tensors come in the very same batches as from the DataLoader."""

import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    WeightedRandomSampler,
)

from bench import held
from bench.held import NotTriedError, batched, hold, loader_of

CPU = torch.device("cpu")


class Squares(Dataset):
    """(index, its square), the label a plain int as torchvision gives it."""

    def __len__(self):
        return 50

    def __getitem__(self, index):
        return torch.tensor([float(index)]), index * index


class Noisy(Squares):
    def __getitem__(self, index):
        return torch.randn(1), 0


class Stream(IterableDataset):
    def __iter__(self):
        return iter([torch.zeros(1)])


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_the_same_batches_from_the_same_seed(shuffle, drop_last):
    plain = DataLoader(Squares(), batch_size=8, shuffle=shuffle, drop_last=drop_last)
    fast = batched(hold(plain, CPU, None), plain)
    for _ in range(2):  # epochs
        orders = []
        for loader in (plain, fast):
            torch.manual_seed(3)
            orders.append([(a.tolist(), b.tolist()) for a, b in loader])
        assert orders[0] == orders[1]
    assert len(orders[0]) == (6 if drop_last else 7)


def test_a_sampler_keeps_its_own_draws():
    """With replacement, and from a generator of its own."""

    def order(hold_it):
        own = torch.Generator().manual_seed(7)
        data = Squares()
        sampler = RandomSampler(data, replacement=True, num_samples=20, generator=own)
        plain = DataLoader(data, batch_size=8, sampler=sampler, generator=own)
        loader = batched(hold(plain, CPU, None), plain) if hold_it else plain
        return [[b.tolist() for _, b in loader] for _ in range(2)]

    assert order(True) == order(False)
    assert sum(map(len, order(True)[0])) == 20


def test_holding_draws_nothing():
    plain = DataLoader(Squares(), batch_size=8, shuffle=True)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    hold(plain, CPU, None)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("batches", "says"),
    [
        ([1, 2], "not come from a DataLoader"),
        (DataLoader(Stream(), batch_size=2), "streams"),
        (DataLoader(Squares(), batch_size=None), "streams"),
        (DataLoader(Squares(), sampler=WeightedRandomSampler([1.0] * 50, 9)), "WeightedRandom"),
    ],
)
def test_loaders_whose_order_is_not_known(batches, says):
    with pytest.raises(NotTriedError, match=says):
        loader_of(batches)


def test_what_must_not_be_held(monkeypatch):
    with pytest.raises(NotTriedError, match="drawn anew"):
        hold(DataLoader(Noisy()), CPU, None)
    with pytest.raises(NotTriedError, match="a quarter of the memory"):
        hold(DataLoader(Squares()), CPU, 100)
    monkeypatch.setattr(held, "MAX_FILL_SECONDS", 0.0)
    with pytest.raises(NotTriedError, match="takes about"):
        hold(DataLoader(Squares()), CPU, None)
