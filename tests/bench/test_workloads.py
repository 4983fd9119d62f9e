"""The reference workloads are the networks they claim to be, and they train."""

from contextlib import contextmanager, nullcontext
from itertools import islice

import pytest
import torch
from torch.nn import functional

from bench import digits, idx, load
from bench.workload import TorchWorkload
from bench.workloads import cnn, image_model, mlp, rnn
from results.errors import UsageError


@pytest.fixture
def small_digits(tmp_path):
    """A data folder with 100 training and 20 test images of random dots."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 100), ("t10k", 20)):
        images = torch.randint(256, (count, 28, 28), dtype=torch.uint8).numpy().tobytes()
        idx.write_part(raw, part, images, bytes(n % 10 for n in range(count)))
    digits.find.cache_clear()
    yield tmp_path
    digits.find.cache_clear()


def trained(workload, steps, batch_size=None):
    """The phases of `steps` steps; fails unless the weights change and stay finite."""
    workload.prepare("cpu", batch_size, None)
    before = [p.detach().clone() for p in workload.model.parameters()]
    phases = []

    @contextmanager
    def mark(name):
        phases.append(name)
        yield

    for _ in range(steps):
        workload.step(mark)
    after = list(workload.model.parameters())
    assert all(torch.isfinite(p).all() for p in after)
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    return phases


def test_mlp_is_the_network_of_its_description():
    workload = mlp.workload()
    assert workload.parameter_count == 5 * 10 + 10 + 10 * 5 + 5 == 115
    assert (workload.name, workload.batch_size, workload.samples_per_epoch) == ("mlp", 100, 10_000)
    assert trained(workload, 2) == ["load", "forward", "backward", "optimizer"] * 2
    assert workload.input_shape == (5,)
    assert workload.data_note is None and workload.evaluate() == {}


def test_cnn_is_the_network_of_its_description(small_digits):
    workload = cnn.workload(small_digits)
    assert workload.parameter_count == 260 + 5_020 + 16_050 + 510 == 21_840
    assert (workload.name, workload.batch_size, workload.samples_per_epoch) == ("cnn", 64, 100)
    trained(workload, 3)
    assert workload.input_shape == (1, 28, 28) and workload.sample_unit == "image"


def test_rnn_is_the_network_of_its_description():
    workload = rnn.workload()
    assert workload.parameter_count == 200 + 400 + 20 + 20 + 200 + 10 == 850
    assert (workload.name, workload.batch_size, workload.samples_per_epoch) == ("rnn", 32, 990)
    trained(workload, 2)
    assert workload.input_shape == (10, 10)


@pytest.mark.parametrize("batch_size", [1, 64, 100, 9_999, 10_000, 30_000])
def test_mlp_epoch_has_the_same_samples_at_every_batch_size(batch_size):
    sizes = [len(x) for x, y in mlp.random_batches(batch_size) if x.shape == y.shape]
    assert sum(sizes) == 10_000
    assert set(sizes[:-1]) <= {batch_size} and sizes[-1] <= batch_size


def test_rnn_labels_are_the_row_after_the_window():
    series = torch.arange(30.0).view(15, 2)
    windows = rnn.Windows(series, length=10)
    assert len(windows) == 5
    rows, label = windows[4]
    assert torch.equal(rows, series[4:14]) and torch.equal(label, series[14])
    assert len([windows[i] for i in range(len(windows))]) == 5


def test_rnn_looks_at_the_whole_window_and_answers_from_its_end():
    model = rnn.RNN()
    x = torch.randn(3, 10, 10)
    changed = x.clone()
    changed[:, 0] += 1
    assert model(x).shape == (3, 10)
    assert not torch.equal(model(x), model(changed))


def test_cnn_pools_before_relu_and_normalises_nothing(small_digits):
    model = cnn.CNN()
    x = torch.rand(2, 1, 28, 28)
    y = functional.relu(functional.max_pool2d(model.conv1(x), 2))
    y = functional.relu(functional.max_pool2d(model.conv2(y), 2))
    expected = model.fc2(functional.relu(model.fc1(y.flatten(1))))
    assert torch.allclose(model(x), expected)
    inputs, _ = next(iter(cnn.workload(small_digits).batches(100)))
    assert inputs.min() == 0 and inputs.max() == 1


def test_cnn_epochs_are_shuffled_and_whole(small_digits):
    workload = cnn.workload(small_digits)
    first, second = (torch.cat([y for _, y in workload.batches(64)]) for _ in range(2))
    assert len(first) == 100
    assert not torch.equal(first, second)
    assert torch.equal(first.sort()[0], second.sort()[0])


def test_cnn_evaluates_on_the_test_images_only(small_digits):
    workload = cnn.workload(small_digits)
    workload.prepare("cpu", None, None)
    metrics = workload.evaluate()
    assert list(metrics) == ["test_loss", "accuracy", "precision", "recall", "f1"]
    assert (metrics["accuracy"] * 20) % 1 == pytest.approx(0, abs=1e-9)
    assert metrics["test_loss"] > 0
    assert workload.model.training


@pytest.mark.parametrize("make", [mlp.workload, rnn.workload])
def test_a_fresh_call_is_a_fresh_model_and_the_same_one_after_the_same_seed(make):
    def weights(workload):
        return torch.cat([p.flatten() for p in workload.model.parameters()])

    torch.manual_seed(0)
    first = make()
    second = make()
    torch.manual_seed(0)
    again = make()
    assert first.model is not second.model
    assert not torch.equal(weights(first), weights(second))
    assert torch.equal(weights(first), weights(again))


def test_image_model_trains_on_a_repeated_synthetic_batch():
    workload = load.make("torchvision:squeezenet1_1", image_size=32)
    assert isinstance(workload, TorchWorkload)
    assert workload.samples_per_epoch == 1_281_167 and workload.batch_size == 64
    workload.prepare("cpu", 2, None)
    assert workload.input_shape == (3, 32, 32)
    workload.step(lambda name: nullcontext())
    (a, labels), (b, _) = islice(workload.batches(2), 2)
    assert a is b
    assert labels.dtype == torch.int64 and 0 <= labels.min() <= labels.max() < 1000
    assert workload.data_note == "synthetic images, no loading cost"


def test_resnet50_has_the_published_size():
    assert load.make("torchvision:resnet50").parameter_count == 25_557_032


def test_synthetic_epoch_is_as_long_as_imagenet():
    images = image_model.SyntheticImages(1)
    for batch_size in (100_000, 1_281_167, 2_000_000):
        assert sum(len(y) for _, y in images(batch_size)) == 1_281_167


def test_image_size_reaches_models_built_for_one_size():
    workload = load.make("torchvision:vit_b_32", image_size=64)
    assert workload.model.image_size == 64


def test_side_branches_count_in_the_loss():
    labels = torch.tensor([1, 0])
    main, side = torch.randn(2, 5), torch.randn(2, 5)
    single = functional.cross_entropy(main, labels)
    assert image_model.cross_entropy(main, labels) == single
    both = image_model.cross_entropy((main, side, None), labels)
    assert both == pytest.approx(float(single + functional.cross_entropy(side, labels)))


def test_no_detector_is_taken_for_a_classifier():
    with pytest.raises(UsageError, match="no classification model"):
        load.make("torchvision:fasterrcnn_resnet50_fpn")


@pytest.mark.parametrize(
    ("dtype", "told"),
    [(torch.float32, "fp32"), (torch.bfloat16, "bf16"), (torch.float16, "fp16")],
)
def test_the_precision_is_that_of_the_parameters(dtype, told):
    workload = mlp.workload()
    workload.model.to(dtype)
    assert workload.precision == told
