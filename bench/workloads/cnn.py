"""`cnn`: two convolutions and two linear layers on MNIST's handwritten digits."""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bench import digits
from bench.evaluate import classifier_metrics
from bench.workload import TorchWorkload

_TEST_BATCH = 500


class CNN(nn.Module):
    """Images of 28 by 28 grey pixels → 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 28, 28) → (n, 10)."""
        x = torch.relu(torch.max_pool2d(self.conv1(x), 2))
        x = torch.relu(torch.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, 320)
        out: Tensor = self.fc2(torch.relu(self.fc1(x)))
        return out


def workload(data_root: Path | None = None, workers: int = 0) -> TorchWorkload:
    """A fresh CNN: cross-entropy, SGD at 0.01, batches of 64, loaded by the main process or by
    `workers` of its own.

    The digits are looked for in `data_root`, see `bench.digits.find`. Raises UsageError.
    """
    found = digits.find(data_root)
    train, test = (
        datasets.MNIST(found.root, train=part, transform=transforms.ToTensor(), download=False)
        for part in (True, False)
    )
    loss = nn.CrossEntropyLoss()

    def evaluator(model: nn.Module, device: torch.device) -> dict[str, float]:
        return classifier_metrics(model, device, DataLoader(test, batch_size=_TEST_BATCH), loss)

    return TorchWorkload(
        name="cnn",
        model=CNN(),
        loss=loss,
        optimizer=partial(optim.SGD, lr=0.01),
        batches=lambda batch_size: DataLoader(
            train, batch_size=batch_size, shuffle=True, num_workers=workers
        ),
        batch_size=64,
        samples_per_epoch=len(train),
        sample_unit="image",
        data_note=found.note,
        evaluator=evaluator,
    )
