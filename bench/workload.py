"""What can be measured: the smallest protocol, and the class an ordinary PyTorch user fills in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from bench.rest_of_epoch import draw_state, rest_of, restore_draws

Mark = Callable[[str], AbstractContextManager[None]]
Batches = Callable[[int], Iterable[tuple[Tensor, Tensor]]]


@runtime_checkable
class Workload(Protocol):
    """One training step that can be repeated, in whatever framework.

    `prepare` builds everything on `device` (`cpu`, `cuda:0`) for `batch_size` samples a step
    (None: its own default) with `threads` processor threads (None: the framework's default).
    `step` does one whole training step, loading included; what runs inside `with mark("forward")`
    is timed as the phase of that name. A step that opens no span is known only as a whole.
    `synchronize` returns once everything that `step` started has ended.

    After `prepare`, `samples_per_step` and `samples_per_epoch` are known. Further attributes are
    used where they exist: `name`, `model_name`, `input_shape`, `precision` (`fp32` where it is not
    told, `tf32`, `fp16`, `bf16`, or `half` for either of the two), `sample_unit`,
    `parameter_count`, `data_note` (shown beside every figure), `evaluate()` (metrics by name),
    `start_epoch()` (the next step is the first of an epoch, so that its cost is seen),
    `prefetched_batches` (which a pause fills up, so that the steps after it are not counted), and
    `state()` with `load_state(state)` (tensors and plain values, from which an interrupted job goes
    on) and `resume_epoch(steps)` (called after `load_state` and with the seed of the running epoch:
    the next step is the one after its first `steps`, on the data that they have left).
    """

    samples_per_step: int
    samples_per_epoch: int

    def prepare(self, device: str, batch_size: int | None, threads: int | None) -> None:
        """Build model, data and optimizer on `device`."""

    def step(self, mark: Mark) -> None:
        """Do one training step."""

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked of it."""


@dataclass
class TorchWorkload:
    """A PyTorch training job from its model, loss, optimizer and batches.

    `batches(batch_size)` returns one epoch of `(inputs, targets)` on the CPU each time it is
    called, such as a DataLoader, in batches of that size. `evaluate(model, device)` returns metrics
    by name. Under `torch.distributed` the model is wrapped for data parallelism: every process
    draws its own batches, and an epoch is shared among them. Samples that a DataLoader with
    `drop_last` leaves out are none of `samples_per_epoch` after `prepare`.
    """

    name: str
    model: nn.Module
    loss: Callable[[Any, Tensor], Tensor]
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer]
    batches: Batches
    batch_size: int
    samples_per_epoch: int
    sample_unit: str = "sample"
    data_note: str | None = None
    evaluator: Callable[[nn.Module, torch.device], Mapping[str, float]] | None = None
    samples_per_step: int = field(init=False)
    input_shape: tuple[int, ...] = field(init=False, default=())
    device: torch.device = field(init=False, default=torch.device("cpu"))

    def __post_init__(self) -> None:
        if not callable(self.optimizer):
            raise TypeError(
                "optimizer must be a function of the parameters, as lambda p: SGD(p, 0.01), not "
                f"a {type(self.optimizer).__name__}"
            )
        self.samples_per_step = self.batch_size
        self.model_name = type(self.model).__name__
        self.parameter_count = sum(p.numel() for p in self.model.parameters())

    @property
    def precision(self) -> str:
        """That of the parameters; 32 bits on a GPU are `tf32`, as PyTorch lets convolutions use it.

        A model that computes in another one within (autocast) does not tell.
        """
        stored = {p.dtype for p in self.model.parameters()}
        for dtype, name in ((torch.bfloat16, "bf16"), (torch.float16, "fp16")):
            if dtype in stored:
                return name
        return "tf32" if self.device.type == "cuda" else "fp32"

    def prepare(self, device: str, batch_size: int | None, threads: int | None) -> None:
        """Move the model to `device` and open the first epoch of batches."""
        if threads is not None:
            torch.set_num_threads(threads)
        self.device = torch.device(device)
        self._off_cpu = device != "cpu"  # asking torch.device each step would cost 0.3 µs
        self.samples_per_step = batch_size or self.batch_size
        if self.samples_per_step > self.samples_per_epoch:
            raise ValueError(
                f"a batch of {self.samples_per_step} is larger than an epoch of "
                f"{self.samples_per_epoch} samples"
            )
        self._module = self.model.to(self.device).train()
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            self._module = DistributedDataParallel(self._module)
        self._optimizer = self.optimizer(self._module.parameters())
        self._loader: Iterable[tuple[Tensor, Tensor]] = ()
        self._epoch: Iterator[tuple[Tensor, Tensor]] = iter(())
        inputs, targets = self._next_batch()
        self._check_size(inputs, targets)
        if getattr(getattr(self._loader, "batch_sampler", None), "drop_last", False):
            self.samples_per_epoch -= self.samples_per_epoch % self.samples_per_step
        self.input_shape = tuple(inputs.shape[1:])
        self._epoch = iter(())  # the batch above was only looked at

    def step(self, mark: Mark) -> None:
        """Load, copy, forward, backward, optimizer: each its own span."""
        with mark("load"):
            inputs, targets = self._next_batch()
        if self._off_cpu:
            with mark("copy"):
                inputs = inputs.to(self.device, non_blocking=True)
                targets = targets.to(self.device, non_blocking=True)
        with mark("forward"):
            loss = self.loss(self._module(inputs), targets)
        with mark("backward"):
            loss.backward()  # type: ignore[no-untyped-call]
        with mark("optimizer"):
            self._optimizer.step()
            self._optimizer.zero_grad()

    def start_epoch(self) -> None:
        """Let the next step begin an epoch: workers start, the first batch is loaded."""
        self._epoch = iter(())

    @property
    def prefetched_batches(self) -> int:
        """Batches that a DataLoader's workers load ahead: so many steps after a pause come easier
        than they would in a running epoch."""
        loader = self._loader
        workers = getattr(loader, "num_workers", 0)
        return int(workers * (getattr(loader, "prefetch_factor", None) or 0))

    def synchronize(self) -> None:
        """Wait for the GPU; on the CPU every operation has already ended."""
        if self._off_cpu:
            torch.cuda.synchronize(self.device)

    def state(self) -> dict[str, Any]:
        """Weights, optimizer and torch's random state, from which an interrupted job goes on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "draws": draw_state(self.device),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned, on every process alike."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._draws = dict(state["draws"])

    def resume_epoch(self, steps: int) -> None:
        """Let the next step be the one after the first `steps` of the epoch that was running.

        The order is drawn anew from the epoch's own seed, which is set; then torch's random state
        goes on from where `state` found it, so that dropout draws what it would have drawn.
        """
        self._loader = self.batches(self.samples_per_step)
        self._epoch = iter(rest_of(self._loader, steps, lambda: restore_draws(self._draws)))

    def evaluate(self) -> Mapping[str, float]:
        """Metrics on the test data, or none where the workload has no evaluator."""
        return self.evaluator(self.model, self.device) if self.evaluator else {}

    def _check_size(self, inputs: Tensor, targets: Tensor) -> None:
        """Whether the first batch is of the size that was asked for, as far as that can be told.

        Samples may lie in the second dimension, or be single tokens. Batches that differ in size
        (by length, by worker) are left alone: only a DataLoader of another size, or the default
        size where another was asked for, is surely wrong. Raises ValueError.
        """
        asked, found = self.samples_per_step, [*inputs.shape[:2]]
        if isinstance(targets, Tensor):  # a loss may take others
            tokens = [] if targets.is_floating_point() else [targets.numel()]
            found += [*targets.shape[:2], *tokens]
        if asked in found:
            return
        given = getattr(self._loader, "batch_size", None) or len(inputs)
        surely = isinstance(self._loader, DataLoader) and self._loader.batch_size is not None
        if given != asked and (surely or given == self.batch_size):
            raise ValueError(f"batches({asked}) gives batches of {given}")

    def _next_batch(self) -> tuple[Tensor, Tensor]:
        try:
            return next(self._epoch)
        except StopIteration:
            self._loader = self.batches(self.samples_per_step)
            self._epoch = iter(self._loader)
        try:
            return next(self._epoch)
        except StopIteration:
            raise ValueError(f"{self.name} yields no batch of {self.samples_per_step}") from None
