"""The changes that `advise` tries, each a function from a workload to the changed workload."""

import inspect
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from bench.held import NotTriedError, Rows, batched, hold, loader_of
from bench.workload import TorchWorkload

Apply = Callable[[TorchWorkload], TorchWorkload]
EXACT, ROUNDED = 1e-3, 2e-2  # tolerances of the loss: another order of sums; 8 bits of bfloat16


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One change: to the workload, or to how it is prepared."""

    name: str
    change: str  # what to write
    apply: Apply = lambda workload: workload
    batch_factor: int = 1
    threads: int | None = None
    tolerance: float | None = EXACT  # None: the loss of a step is not comparable
    note: str | None = None
    excludes: str = ""  # variants of the same group do not go together
    torch_only: bool = True


def variants(device: str, cores: int, threads: int, memory_bytes: int | None) -> list[Variant]:
    """What is worth trying here, in the order in which changes are put together."""
    is_gpu = device != "cpu"
    workers = min(4, cores)
    pinned = ", pin_memory=True" if is_gpu else ""
    kind = "cuda" if is_gpu else "cpu"
    fewer = sorted({1, max(1, cores // 2), cores} - {threads})
    return [
        Variant(
            name="data in memory",
            change="load all samples once into tensors, pick each batch by its indices",
            apply=_held(torch.device(device), memory_bytes),
            excludes="loading",
        ),
        Variant(
            name=f"{workers} loader workers",
            change=f"DataLoader(…, num_workers={workers}{pinned}, persistent_workers=True)",
            apply=_with_workers(workers, is_gpu),
            excludes="loading",
        ),
        Variant(
            name="channels_last",
            change="model.to(memory_format=torch.channels_last), inputs as well",
            apply=_channels_last,
        ),
        Variant(
            name="bf16",
            change=f'with torch.autocast("{kind}", torch.bfloat16): forward and loss',
            apply=_autocast(kind),
            tolerance=ROUNDED,
        ),
        Variant(
            name="fused optimizer",
            change="optimizer(…, fused=True)",
            apply=_optimizer("fused"),
            excludes="optimizer",
        ),
        Variant(
            name="foreach optimizer",
            change="optimizer(…, foreach=True)",
            apply=_optimizer("foreach"),
            excludes="optimizer",
        ),
        *(
            Variant(
                name=f"{count} thread{'s' * (count > 1)}",
                change=f"torch.set_num_threads({count})",
                threads=count,
                excludes="threads",
                torch_only=False,
            )
            for count in fewer
            if not is_gpu
        ),
        *(
            Variant(
                name=f"batch × {factor}",
                change=f"a batch {factor} times as large",
                batch_factor=factor,
                tolerance=None,
                note="another batch size is another training: tune the learning rate",
                excludes="batch",
                torch_only=False,
            )
            for factor in (2, 4)
        ),
        Variant(name="torch.compile", change="torch.compile(model)", apply=_compiled(is_gpu)),
    ]


class _Around(nn.Module):
    """A model with something done around its forward pass."""

    def __init__(self, model: nn.Module, call: Callable[[nn.Module, Any], Any]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, inputs: Any) -> Any:
        """What the model returns."""
        return self.call(self.model, inputs)


def _held(device: torch.device, memory_bytes: int | None) -> Apply:
    kept: list[Rows] = []  # loaded once, though the workload is made several times

    def apply(workload: TorchWorkload) -> TorchWorkload:
        plain = workload.batches
        loader_of(plain(workload.batch_size))

        def batches(batch_size: int) -> Iterable[tuple[Tensor, Tensor]]:
            loader = loader_of(plain(batch_size))
            return batched(kept[0], loader)

        if not kept:
            kept.append(hold(loader_of(plain(workload.batch_size)), device, memory_bytes))
        return replace(workload, batches=batches)

    return apply


def _with_workers(count: int, is_gpu: bool) -> Apply:
    def apply(workload: TorchWorkload) -> TorchWorkload:
        plain = workload.batches
        if loader_of(plain(workload.batch_size)).num_workers >= count:
            raise NotTriedError(f"it has {count} workers or more already")
        made: dict[int, DataLoader[Any]] = {}  # the same one each epoch, or its workers would end

        def batches(batch_size: int) -> Iterable[tuple[Tensor, Tensor]]:
            if batch_size in made:
                # Workers that stay draw no seed for a new epoch; the plain job's order needs it.
                plain_draws = made[batch_size].generator
                torch.empty((), dtype=torch.int64).random_(generator=plain_draws)
            else:
                loader = loader_of(plain(batch_size))
                made[batch_size] = DataLoader(
                    loader.dataset,
                    batch_size=batch_size,
                    sampler=loader.sampler,
                    num_workers=count,
                    collate_fn=loader.collate_fn,
                    drop_last=loader.drop_last,
                    pin_memory=is_gpu,
                    persistent_workers=True,
                    generator=loader.generator,
                )
            return made[batch_size]

        return replace(workload, batches=batches)

    return apply


def _channels_last(workload: TorchWorkload) -> TorchWorkload:
    if not any(isinstance(module, nn.Conv2d) for module in workload.model.modules()):
        raise NotTriedError("the model has no two-dimensional convolution")

    def call(model: nn.Module, inputs: Tensor) -> Any:
        return model(inputs.contiguous(memory_format=torch.channels_last))

    model = workload.model.to(memory_format=torch.channels_last)
    return replace(workload, model=_Around(model, call))


def _autocast(kind: str) -> Apply:
    def apply(workload: TorchWorkload) -> TorchWorkload:
        if kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise NotTriedError("this GPU only emulates bfloat16")
        plain = workload.loss

        def call(model: nn.Module, inputs: Any) -> Any:
            with torch.autocast(kind, torch.bfloat16):
                return model(inputs)

        def loss(outputs: Any, targets: Tensor) -> Tensor:
            with torch.autocast(kind, torch.bfloat16):
                return plain(outputs, targets)

        return replace(workload, model=_Around(workload.model, call), loss=loss)

    return apply


def _optimizer(option: str) -> Apply:
    """The user's own optimizer, made again with `option`."""

    def apply(workload: TorchWorkload) -> TorchWorkload:
        plain = workload.optimizer
        parameters = inspect.signature(type(plain(workload.model.parameters()))).parameters
        if option not in parameters:
            raise NotTriedError(f"its optimizer has no {option} form")

        def optimizer(given: Iterable[nn.Parameter]) -> Optimizer:
            made = plain(given)
            forms = ("foreach", "fused")
            groups = [{k: v for k, v in g.items() if k not in forms} for g in made.param_groups]
            known = {k: v for k, v in made.defaults.items() if k in parameters and k not in forms}
            build: Any = type(made)
            built: Optimizer = build(groups, **known, **{option: True})
            return built

        return replace(workload, optimizer=optimizer)

    return apply


def _compiled(is_gpu: bool) -> Apply:
    def apply(workload: TorchWorkload) -> TorchWorkload:
        if not is_gpu and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            raise NotTriedError("there is no C++ compiler here: install g++")
        from torch._inductor import config

        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # no CUDA: known
        config.compile_threads = 1  # a pool of compilers would go on working beside the blocks
        return replace(workload, model=torch.compile(workload.model))  # type: ignore[arg-type]

    return apply


def dropouts(model: nn.Module) -> Iterator[nn.Module]:
    """Modules that draw random numbers in the forward pass."""
    return (m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0)
