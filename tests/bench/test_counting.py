"""Operations and bytes of a step whose figures can be worked out by hand."""

import torch

from bench import TorchWorkload, counting
from bench.clock import no_mark


class Matmul:
    samples_per_step = samples_per_epoch = 1

    def step(self, mark):
        self.a = torch.ones(8, 16)
        self.b = torch.ones(16, 4)
        with mark("forward"):
            return self.a @ self.b.t().t()  # views move nothing


class Nothing(Matmul):
    def step(self, mark):
        pass


def test_flops_of_a_product():
    assert counting.flops_per_step(Matmul()) == 2 * 8 * 16 * 4
    assert counting.flops_per_step(Nothing()) is None  # unknown, not 0


def test_bytes_that_are_read_and_written():
    made = 4 * (8 * 16 + 16 * 4)  # by ones()
    product = 4 * (8 * 16 + 16 * 4 + 8 * 4)
    assert counting.bytes_per_step(Matmul()) == made + product
    assert counting.bytes_per_step(Nothing()) is None


def test_batches_of_a_loaders_processes_are_counted():
    rows = torch.utils.data.TensorDataset(torch.ones(64, 16), torch.ones(64, 4))

    def made(workers):
        loaded = TorchWorkload(
            name="loaded",
            model=torch.nn.Linear(16, 4),
            loss=torch.nn.functional.mse_loss,
            optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
            batches=lambda size: torch.utils.data.DataLoader(rows, size, num_workers=workers),
            batch_size=8,
            samples_per_epoch=64,
        )
        loaded.prepare("cpu", None, None)
        loaded.step(no_mark)
        return loaded

    alone, beside = (counting.bytes_per_step(made(workers)) for workers in (0, 1))
    assert alone >= beside > 0  # what the process puts together itself counts as well


def test_without_a_gpu_its_time_is_unknown():
    assert counting.gpu_busy_seconds(Matmul(), "cpu") is None
