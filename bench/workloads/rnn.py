"""`rnn`: a recurrent layer that guesses the next row of a random series from the ten before."""

from functools import partial

import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset

from bench.workload import TorchWorkload


class RNN(nn.Module):
    """Windows of rows of 10 numbers → the next row."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(10, 20, num_layers=1, batch_first=True)
        self.fc = nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(n, steps, 10) → (n, 10)."""
        hidden = torch.zeros(1, x.size(0), 20).to(x.device)
        out, _ = self.rnn(x, hidden)
        last: Tensor = self.fc(out[:, -1, :])
        return last


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Every run of `length` rows of `series`, with the row after it as the label."""

    def __init__(self, series: Tensor, length: int) -> None:
        self.series, self.length = series, length

    def __len__(self) -> int:
        return len(self.series) - self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        end = index + self.length
        return self.series[index:end], self.series[end]


def workload(workers: int = 0) -> TorchWorkload:
    """A fresh RNN: 990 windows, mean squared error, SGD at 0.01, batches of 32."""
    windows = Windows(torch.randn(1000, 10), length=10)
    return TorchWorkload(
        name="rnn",
        model=RNN(),
        loss=nn.MSELoss(),
        optimizer=partial(optim.SGD, lr=0.01),
        batches=lambda batch_size: DataLoader(
            windows, batch_size=batch_size, shuffle=True, num_workers=workers
        ),
        batch_size=32,
        samples_per_epoch=len(windows),
        sample_unit="window",
    )
