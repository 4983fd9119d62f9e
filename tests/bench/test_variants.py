"""Each change does what it says and leaves the training as it was."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bench import TorchWorkload, runner, variants
from bench.clock import no_mark
from bench.held import NotTriedError
from bench.trials import check
from bench.variants import Variant


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4 * 36, 3)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).flatten(1))


def images(optimizer=torch.optim.SGD, **given):
    data = TensorDataset(torch.randn(96, 1, 8, 8), torch.randint(3, (96,)))
    plain = {
        "name": "images",
        "model": Net(),
        "loss": nn.CrossEntropyLoss(),
        "optimizer": lambda parameters: optimizer(parameters, lr=0.01),
        "batches": lambda batch_size: DataLoader(data, batch_size=batch_size, shuffle=True),
        "batch_size": 16,
        "samples_per_epoch": 96,
    }
    return TorchWorkload(**plain | given)


def planned(cores=2, threads=2, device="cpu") -> dict[str, Variant]:
    return {v.name: v for v in variants.variants(device, cores, threads, None)}


def session(make):
    return runner.Session(make, "cpu", seed=3)


@pytest.mark.parametrize(
    "name",
    ["data in memory", "2 loader workers", "channels_last", "bf16", "fused optimizer",
     "foreach optimizer"],
)  # fmt: skip
def test_a_change_keeps_what_is_learned(name):
    variant = planned()[name]
    found = check(images, lambda: variant.apply(images()), session(images), variant.tolerance)
    assert found.passed, found
    assert found.plain_loss > 0


@pytest.mark.parametrize("name", ["data in memory", "2 loader workers"])
def test_a_loader_keeps_drawing_from_its_own_generator(name):
    data = TensorDataset(torch.arange(96).reshape(96, 1, 1, 1).float(), torch.arange(96) % 3)

    def make():
        own = torch.Generator().manual_seed(5)
        return images(
            batches=lambda size: DataLoader(data, batch_size=size, shuffle=True, generator=own)
        )

    def order(workload):
        return [[x.flatten().tolist() for x, _ in workload.batches(16)] for _ in range(3)]

    assert order(planned()[name].apply(make())) == order(make())


def test_bf16_that_is_only_emulated_is_not_tried(monkeypatch):
    emulated = {True: True, False: False}  # Turing
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: emulated[including_emulation],
    )
    with pytest.raises(NotTriedError, match="only emulates bfloat16"):
        planned(device="cuda:0")["bf16"].apply(images())


def test_a_change_that_trains_something_else_is_caught():
    def other():
        workload = images()
        return images(optimizer=lambda p, lr: torch.optim.SGD(p, lr=0.5), model=workload.model)

    assert not check(images, other, session(images), variants.EXACT).passed


def test_the_optimizer_is_the_same_with_another_form():
    made = planned()["fused optimizer"].apply(
        images(optimizer=lambda p, lr: torch.optim.AdamW(p, lr=0.02, weight_decay=0.3))
    )
    built = made.optimizer(made.model.parameters())
    (group,) = built.param_groups
    assert type(built) is torch.optim.AdamW
    assert (group["lr"], group["weight_decay"], group["fused"]) == (0.02, 0.3, True)


def test_parameter_groups_stay_apart():
    def grouped(parameters, lr):
        first, *others = list(parameters)
        return torch.optim.SGD([{"params": [first], "lr": 1.0}, {"params": others}], lr=lr)

    made = planned()["foreach optimizer"].apply(images(optimizer=grouped))
    built = made.optimizer(made.model.parameters())
    assert [group["lr"] for group in built.param_groups] == [1.0, 0.01]
    assert all(group["foreach"] for group in built.param_groups)


def test_channels_last_reaches_the_convolution():
    seen = []
    made = planned()["channels_last"].apply(images())
    conv = next(m for m in made.model.modules() if isinstance(m, nn.Conv2d))
    conv.register_forward_hook(lambda m, given, out: seen.append(out))
    made.prepare("cpu", None, None)
    made.step(no_mark)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_bf16_computes_in_bf16():
    made = planned()["bf16"].apply(images())
    out = made.model(torch.randn(2, 1, 8, 8))
    assert out.dtype == torch.bfloat16
    assert made.loss(out, torch.tensor([0, 1])).dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("channels_last", {"model": nn.Linear(8, 3)}, "no two-dimensional convolution"),
        ("fused optimizer", {"optimizer": lambda p, lr: torch.optim.LBFGS(p)}, "no fused form"),
        ("data in memory", {"batches": lambda batch_size: []}, "not come from a DataLoader"),
        ("2 loader workers", {"batches": lambda batch_size: []}, "not come from a DataLoader"),
    ],
)
def test_what_does_not_apply_says_why(name, given, says):
    with pytest.raises(NotTriedError, match=says):
        planned()[name].apply(images(**given))


def test_compile_needs_a_compiler(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(NotTriedError, match="no C\\+\\+ compiler"):
        planned()["torch.compile"].apply(images())


def test_only_what_is_different_is_planned():
    assert "4 threads" not in planned(4, 4)
    assert {"1 thread", "2 threads"} <= planned(4, 4).keys()
    assert {"4 threads"} <= planned(4, 1).keys()
    assert not any("thread" in name for name in planned(device="cuda:0"))


def test_dropout_is_found():
    assert not list(variants.dropouts(Net()))
    assert list(variants.dropouts(nn.Sequential(nn.Dropout(0.1))))
    assert not list(variants.dropouts(nn.Sequential(nn.Dropout(0.0))))
