"""The smallest workload of your own: `trainfare measure docs/examples/linear.py:workload`."""

from functools import partial

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from bench import TorchWorkload


def workload() -> TorchWorkload:
    data = TensorDataset(torch.randn(10_000, 20), torch.randn(10_000, 1))
    return TorchWorkload(
        name="linear",
        model=nn.Linear(20, 1),
        loss=nn.MSELoss(),
        optimizer=partial(optim.SGD, lr=0.01),
        batches=lambda batch_size: DataLoader(data, batch_size=batch_size, shuffle=True),
        batch_size=64,
        samples_per_epoch=len(data),
    )
