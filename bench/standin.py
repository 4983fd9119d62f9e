"""Stand-in digits for a machine without MNIST: scikit-learn's real ones, enlarged and varied."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bench import idx

ORIGINALS = 1_797  # images in scikit-learn's load_digits
COUNTS = {"train": 60_000, "t10k": 10_000}  # as MNIST
NOTE = (
    f"not MNIST: {sum(COUNTS.values()):,} images made from scikit-learn's "
    f"{ORIGINALS:,} handwritten digits"
)

_SEED = 20_240_817
_TEST_SHARE = 1 / 6  # of the originals
_BOX_PIXELS = 20  # a digit of MNIST fills 20 of 28 pixels
# How far one drawing varies. Measured: so the `cnn` workload gets 0.83-0.87, 0.92-0.93 and
# 0.94-0.95 of the test images right after one, two and three epochs; with twice as much, only
# 0.43 to 0.82.
_ROTATION_DEGREES, _SCALE, _SHIFT_PIXELS = 10.0, 0.1, 1.0
_CHUNK = 5_000  # images drawn at once: 60 MB


def write(raw: Path) -> None:
    """Draw 60,000 training and 10,000 test images and put them into `raw` as MNIST's four files.

    Always the same ones. No original is behind both a training and a test image, else the test
    would be of memory. torch's own random state is left alone. Raises OSError.
    """
    with idx.staged(raw) as folder:
        for part, images, labels in draw():
            idx.write_part(folder, part, images.numpy().tobytes(), labels.numpy().tobytes())


def draw() -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield part, images (n, 28, 28) and labels (n,), both uint8, as many of each class."""
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    originals = torch.from_numpy(bunch.images).to(torch.float32) / 16  # 8 by 8, 0 to 16
    labels = torch.from_numpy(bunch.target).to(torch.uint8)
    generator = torch.Generator().manual_seed(_SEED)
    for part, sources in split(labels, generator).items():
        chosen = _balanced(sources, COUNTS[part], generator)
        starts = range(0, len(chosen), _CHUNK)
        images = [_vary(originals[chosen[s : s + _CHUNK]], generator) for s in starts]
        yield part, torch.cat(images), labels[chosen]


def split(labels: Tensor, generator: torch.Generator) -> dict[str, list[Tensor]]:
    """By part and class the numbers of the originals that it is drawn from."""
    parts: dict[str, list[Tensor]] = {part: [] for part in idx.PARTS}
    for digit in range(idx.CLASSES):
        of_class = (labels == digit).nonzero().flatten()
        of_class = of_class[torch.randperm(len(of_class), generator=generator)]
        tests = round(_TEST_SHARE * len(of_class))
        parts["t10k"].append(of_class[:tests])
        parts["train"].append(of_class[tests:])
    return parts


def _balanced(sources: list[Tensor], count: int, generator: torch.Generator) -> Tensor:
    """`count` numbers of originals, shuffled: each class, and each original in it, as often."""
    each = count // len(sources)
    chosen = torch.cat([of_class[torch.arange(each) % len(of_class)] for of_class in sources])
    return chosen[torch.randperm(count, generator=generator)]


def _vary(originals: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate, scale, shift and enlarge (n, 8, 8) images to (n, 28, 28) bytes, each its own way."""
    count, side = len(originals), idx.SIDE_PIXELS

    def between(limit: float) -> Tensor:
        return limit * (2 * torch.rand(count, generator=generator) - 1)

    angle = between(math.radians(_ROTATION_DEGREES))
    # From a pixel of the result to a place in the original, both from -1 to 1.
    zoom = side / _BOX_PIXELS / (1 + between(_SCALE))
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    shift_x, shift_y = between(2 * _SHIFT_PIXELS / side), between(2 * _SHIFT_PIXELS / side)
    rows = (cos, -sin, sin * shift_y - cos * shift_x, sin, cos, -sin * shift_x - cos * shift_y)
    places = functional.affine_grid(
        torch.stack(rows, dim=1).view(count, 2, 3), [count, 1, side, side], align_corners=False
    )
    images = functional.grid_sample(
        originals[:, None], places, mode="bicubic", padding_mode="zeros", align_corners=False
    )
    return (255 * images[:, 0]).round().clamp(0, 255).to(torch.uint8)
