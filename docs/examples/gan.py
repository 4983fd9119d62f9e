"""Two models that train each other: a workload with a step of its own, from no class of ours.

`trainfare measure docs/examples/gan.py:workload`. A discriminator `d` learns to tell real numbers
from those of a generator `g`, and `g` to deceive it. Each span below becomes a phase of its own.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn, optim

Mark = Callable[[str], AbstractContextManager[None]]

NOISE, WIDTH, HIDDEN = 16, 32, 64


def network(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs))


class Gan:
    name = "gan"
    samples_per_step = 64
    samples_per_epoch = 10_000

    def prepare(self, device: str, batch_size: int | None, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.device = torch.device(device)
        self.samples_per_step = batch_size or self.samples_per_step
        self.g = network(NOISE, WIDTH).to(self.device)
        self.d = network(WIDTH, 1).to(self.device)
        self.g_optimizer = optim.Adam(self.g.parameters(), lr=2e-4)
        self.d_optimizer = optim.Adam(self.d.parameters(), lr=2e-4)
        self.loss = nn.BCEWithLogitsLoss()
        self.parameter_count = sum(p.numel() for m in (self.g, self.d) for p in m.parameters())

    def step(self, mark: Mark) -> None:
        count = self.samples_per_step
        with mark("load"):
            real = torch.randn(count, WIDTH, device=self.device)
            noise = torch.randn(count, NOISE, device=self.device)
        with mark("d.forward"):
            fake = self.g(noise)
            d_loss = self.judge(real, 1.0) + self.judge(fake.detach(), 0.0)
        with mark("d.backward"):
            self.d_optimizer.zero_grad()
            d_loss.backward()
        with mark("d.optimizer"):
            self.d_optimizer.step()
        with mark("g.forward"):
            g_loss = self.judge(fake, 1.0)
        with mark("g.backward"):
            self.g_optimizer.zero_grad()
            g_loss.backward()
        with mark("g.optimizer"):
            self.g_optimizer.step()

    def judge(self, samples: Tensor, truth: float) -> Tensor:
        verdict = self.d(samples)
        loss: Tensor = self.loss(verdict, torch.full_like(verdict, truth))
        return loss

    def synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def workload() -> Gan:
    return Gan()
