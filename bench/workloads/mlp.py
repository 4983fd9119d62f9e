"""`mlp`: two linear layers on random numbers, the smallest network that trains."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn, optim

from bench.workload import TorchWorkload

EPOCH_SAMPLES = 10_000  # 100 steps of 100


class MLP(nn.Module):
    """5 numbers → 10 → 5, with ReLU between."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(5, 10)
        self.fc2 = nn.Linear(10, 5)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 5) → (n, 5)."""
        out: Tensor = self.fc2(torch.relu(self.fc1(x)))
        return out


def random_batches(batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """10,000 samples of random inputs and labels, drawn anew; the last batch may be short."""
    for start in range(0, EPOCH_SAMPLES, batch_size):
        count = min(batch_size, EPOCH_SAMPLES - start)
        yield torch.randn(count, 5), torch.randn(count, 5)


def workload() -> TorchWorkload:
    """A fresh MLP: mean squared error, SGD at 0.01, batches of 100."""
    return TorchWorkload(
        name="mlp",
        model=MLP(),
        loss=nn.MSELoss(),
        optimizer=partial(optim.SGD, lr=0.01),
        batches=random_batches,
        batch_size=100,
        samples_per_epoch=EPOCH_SAMPLES,
    )
