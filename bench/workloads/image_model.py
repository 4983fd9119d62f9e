"""`torchvision:<model>`: any of torchvision's classifiers on synthetic images like ImageNet's."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, optim
from torch.nn import functional
from torchvision import models

from bench.workload import TorchWorkload
from results.errors import UsageError, near

EPOCH_IMAGES = 1_281_167  # training images of ImageNet-1k (Russakovsky et al. 2015, table 2)
CLASSES = 1_000

_IMAGE_SIZE = 224
_IMAGE_SIZES = {"inception_v3": 299}  # its side branch can't take smaller ones
# Attention over a fixed grid: these are built for one image size.
_SIZED: dict[str, Callable[[int], dict[str, Any]]] = {
    "vit_": lambda size: {"image_size": size},
    "maxvit_": lambda s: {"input_size": (s, s)},
}


class SyntheticImages:
    """One random batch, drawn once and given again and again: loading costs next to nothing."""

    def __init__(self, image_size: int) -> None:
        self._shape = (3, image_size, image_size)
        self._batch: tuple[Tensor, Tensor] | None = None

    def __call__(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """An epoch as long as ImageNet's; the last batch may be short."""
        count = min(batch_size, EPOCH_IMAGES)
        if self._batch is None or len(self._batch[1]) != count:
            self._batch = torch.randn(count, *self._shape), torch.randint(CLASSES, (count,))
        images, labels = self._batch
        for _ in range(EPOCH_IMAGES // count):
            yield images, labels
        if rest := EPOCH_IMAGES % count:
            yield images[:rest], labels[:rest]


def cross_entropy(outputs: Tensor | tuple[Tensor | None, ...], labels: Tensor) -> Tensor:
    """Cross-entropy, summed over the side branches that GoogLeNet and Inception train with.

    The papers weigh these branches less; the weights cost no time and are left out.
    """
    branches = (outputs,) if isinstance(outputs, Tensor) else outputs
    losses = [functional.cross_entropy(out, labels) for out in branches if out is not None]
    return torch.stack(losses).sum()


def named(model: str) -> Callable[..., TorchWorkload]:
    """The factory for torchvision's `model`. Raises UsageError where it is no classifier of it."""
    known = models.list_models(module=models)
    if model not in known:
        raise UsageError(
            f"'{model}' is no classification model of torchvision. {near(model, known)}"
        )
    return partial(workload, model)


def workload(model: str, image_size: int | None = None) -> TorchWorkload:
    """torchvision's `model` with random first weights: SGD at 0.01, batches of 64.

    `image_size` is the side in pixels, 224 by default. Nothing is downloaded.
    """
    size = image_size or _IMAGE_SIZES.get(model, _IMAGE_SIZE)
    options = next((build(size) for start, build in _SIZED.items() if model.startswith(start)), {})
    if model in ("googlenet", "inception_v3"):
        options["init_weights"] = True  # their default today; not saying so warns
    return TorchWorkload(
        name=model,
        model=models.get_model(model, weights=None, num_classes=CLASSES, **options),
        loss=cross_entropy,
        optimizer=partial(optim.SGD, lr=0.01),
        batches=SyntheticImages(size),
        batch_size=64,
        samples_per_epoch=EPOCH_IMAGES,
        sample_unit="image",
        data_note="synthetic images, no loading cost",
    )
