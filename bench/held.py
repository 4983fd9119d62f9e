"""A DataLoader's samples held as tensors, in the same order and the same batches as before."""

from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
)

MAX_MEMORY_SHARE = 0.25  # of what the device has
MAX_FILL_SECONDS = 60.0
_PROBE, _FILL_BATCH = 64, 1024


class NotTriedError(Exception):
    """The change does not apply; its text says why, as a clause."""


class Rows(Dataset[tuple[Tensor, ...]]):
    """Samples as tensors of which a whole batch is picked at once, by a list of indices."""

    def __init__(self, columns: tuple[Tensor, ...]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, indices: Any) -> tuple[Tensor, ...]:
        chosen = torch.as_tensor(indices, device=self.columns[0].device)
        return tuple(column[chosen] for column in self.columns)


def loader_of(batches: Any) -> DataLoader[Any]:
    """`batches` as a DataLoader whose order is known. Raises NotTriedError where it is none."""
    if not isinstance(batches, DataLoader):
        raise NotTriedError("its batches do not come from a DataLoader")
    if isinstance(batches.dataset, IterableDataset) or batches.batch_size is None:
        raise NotTriedError("its DataLoader streams, so there is no set of samples to hold")
    if type(batches.sampler) not in (RandomSampler, SequentialSampler):
        raise NotTriedError(f"its DataLoader samples by {type(batches.sampler).__name__}")
    return batches


def hold(loader: DataLoader[Any], device: torch.device, memory_bytes: int | None) -> Rows:
    """Load every sample once, to `device`. Raises NotTriedError where that would be wrong or long.

    torch's random state is left as it was, so that what follows is drawn as without it.
    """
    dataset: Any = loader.dataset
    with torch.random.fork_rng(devices=[]):
        _check_constant(dataset)
        _check_size(loader, memory_bytes)
        filling = DataLoader(dataset, batch_size=_FILL_BATCH, collate_fn=loader.collate_fn)
        parts = [tuple(batch) for batch in filling]
    return Rows(tuple(torch.cat(column).to(device) for column in zip(*parts, strict=True)))


def batched(rows: Rows, loader: DataLoader[Any]) -> DataLoader[Any]:
    """A loader of whole batches of `rows` that draws the same order as `loader` did."""
    plain: Any = loader.sampler
    shuffled = isinstance(plain, RandomSampler)
    sampler: Any = SequentialSampler(rows)
    if shuffled:
        sampler = RandomSampler(rows, plain.replacement, plain._num_samples, plain.generator)
    whole = BatchSampler(sampler, loader.batch_size or 1, loader.drop_last)
    return DataLoader(rows, sampler=whole, batch_size=None, generator=loader.generator)


def _check_constant(dataset: Any) -> None:
    first, again = dataset[0], dataset[0]
    if not isinstance(first, (tuple, list)) or not isinstance(first[0], Tensor):
        raise NotTriedError("its samples are no tensors")
    for a, b in zip(first, again, strict=True):
        if not torch.equal(torch.as_tensor(a), torch.as_tensor(b)):
            raise NotTriedError("its samples are drawn anew each time, which holding would end")


def _check_size(loader: DataLoader[Any], memory_bytes: int | None) -> None:
    dataset: Any = loader.dataset
    count = min(_PROBE, len(dataset))
    start = perf_counter()
    probe = loader.collate_fn([dataset[i] for i in range(count)])
    seconds = (perf_counter() - start) * len(dataset) / count
    size = sum(t.numel() * t.element_size() for t in probe) * len(dataset) / count
    if memory_bytes is not None and size > MAX_MEMORY_SHARE * memory_bytes:
        raise NotTriedError(f"its samples are {size / 2**30:.1f} GiB, over a quarter of the memory")
    if seconds > MAX_FILL_SECONDS:
        raise NotTriedError(f"loading all its samples takes about {seconds:.0f} s")
