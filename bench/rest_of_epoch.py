"""The batches that an interrupted epoch has left, in the order in which they would have come."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset


def rest_of(batches: Iterable[Any], steps: int, then: Callable[[], None]) -> Iterable[Any]:
    """`batches` without the first `steps`; `then` is called before the next one is made.

    Of a DataLoader over samples that are picked by number only the numbers are drawn and left out;
    anything else has to make the batches that are thrown away.
    """
    if not isinstance(batches, DataLoader) or _streams(batches):
        rest = iter(batches)
        for _ in islice(rest, steps):
            pass
        then()
        return rest
    # A copy: the user may hand out the same loader for every epoch. DataLoader refuses the
    # assignment, because its other arguments would no longer tell how it draws; here they do.
    loader = copy.copy(batches)
    vars(loader)["batch_sampler"] = _Rest(batches.batch_sampler, steps, then)
    return loader


def _streams(loader: DataLoader[Any]) -> bool:
    return isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None


class _Rest:
    """A batch sampler without its first `steps` batches."""

    def __init__(self, sampler: Any, steps: int, then: Callable[[], None]) -> None:
        self._sampler, self._steps, self._then = sampler, steps, then

    def __iter__(self) -> Iterator[Any]:
        drawn = iter(self._sampler)
        for _ in islice(drawn, self._steps):
            pass
        self._then()
        yield from drawn

    def __len__(self) -> int:
        return max(0, len(self._sampler) - self._steps)


def draw_state(device: torch.device) -> dict[str, torch.Tensor]:
    """torch's random state on the CPU and, where it is used, on the GPU."""
    found = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    return found


def restore_draws(state: Mapping[str, torch.Tensor]) -> None:
    """Go on drawing from there, on the process that saved it: the first. The others draw on from
    the seed of the epoch, or all of them would drop out the same units."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    if distributed and torch.distributed.get_rank() > 0:
        return
    torch.set_rng_state(state["cpu"].cpu())  # loading a checkpoint moved it to the device
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), state["cuda"].device)
