"""Where the digits come from: a given folder, a download, stand-ins; and what goes wrong."""

import gzip
import hashlib
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision.datasets import MNIST

from bench import digits, idx, mnist, standin
from results.errors import UsageError

COUNTS = {"train": 200, "t10k": 50}


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No network, a cache folder of its own and few stand-ins."""

    def refuse(*args, **kwargs):
        raise URLError("no network in tests")

    monkeypatch.setattr(mnist, "urlopen", refuse)
    monkeypatch.setattr(digits, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv(digits.OFFLINE_VARIABLE, raising=False)
    for part, count in COUNTS.items():
        monkeypatch.setitem(standin.COUNTS, part, count)
    digits.find.cache_clear()
    yield tmp_path
    digits.find.cache_clear()


@pytest.fixture(scope="module")
def drawn():
    """The stand-ins as they are, all 70,000."""
    return {part: (images, labels) for part, images, labels in standin.draw()}


def put(root, counts=COUNTS, packed=False):
    """Files of MNIST's format in `root`."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for part, count in counts.items():
        idx.write_part(raw, part, bytes(784 * count), bytes(n % 10 for n in range(count)))
    if packed:
        for name in idx.FILES:
            (raw / f"{name}.gz").write_bytes(gzip.compress((raw / name).read_bytes()))
            (raw / name).unlink()
    return raw


def everything(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_stand_ins_are_as_many_as_mnist_and_balanced(drawn):
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        images, labels = drawn[part]
        assert images.shape == (count, 28, 28) and images.dtype == torch.uint8
        assert torch.bincount(labels.long()).tolist() == [count // 10] * 10
        assert len(labels[:100].unique()) == 10  # not sorted by class


def test_stand_ins_show_what_their_label_says(drawn):
    # The mean image of each class, from the training part, tells most test images apart.
    images, labels = drawn["train"]
    means = torch.stack([images[labels == d].float().mean(0).flatten() for d in range(10)])
    test_images, test_labels = drawn["t10k"]
    nearest = torch.cdist(test_images.float().flatten(1), means).argmin(1)
    assert (nearest == test_labels).float().mean() > 0.7


def test_stand_ins_look_like_mnist(drawn):
    # Ink in the middle, an empty rim, black ground. MNIST's own mean is 0.13.
    images = drawn["train"][0].float() / 255
    assert 0.1 < images.mean() < 0.2
    assert images[:, 0].mean() < 0.01 and images[:, 8:20, 8:20].mean() > 0.3
    assert images.flatten(1).max(1)[0].min() > 0.5


def test_no_original_is_in_both_parts():
    from sklearn.datasets import load_digits

    labels = torch.from_numpy(load_digits().target)
    parts = standin.split(labels, torch.Generator().manual_seed(0))
    train, test = (set(torch.cat(parts[part]).tolist()) for part in idx.PARTS)
    assert not train & test
    assert len(train | test) == len(labels) == standin.ORIGINALS
    for part in idx.PARTS:
        for digit, chosen in enumerate(parts[part]):
            assert (labels[chosen] == digit).all() and len(chosen) >= 25


def test_stand_ins_are_the_same_each_time_and_leave_torchs_seed_alone(offline):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    raw = digits.find().root / "MNIST" / "raw"
    assert torch.equal(torch.rand(3), expected)
    before = everything(raw)
    for file in raw.iterdir():
        file.unlink()
    digits.find.cache_clear()
    digits.find()
    assert everything(raw) == before


def test_without_network_stand_ins_are_made_once_and_say_so(offline, monkeypatch):
    found = digits.find()
    assert found.note == (
        "not MNIST: 70,000 images made from scikit-learn's 1,797 handwritten digits"
    )
    assert len(MNIST(found.root, train=True)) == 200
    assert len(MNIST(found.root, train=False)) == 50
    monkeypatch.setattr(standin, "write", lambda raw: pytest.fail("made twice"))
    digits.find.cache_clear()
    assert digits.find() == found


def test_a_given_folder_without_files_stays_untouched(offline):
    root = offline / "mine"
    root.mkdir()
    assert digits.find(root).root == offline / "cache" / "digits-1"
    assert digits.find(offline / "nowhere").note == standin.NOTE
    assert not list(root.iterdir()) and not (offline / "nowhere").exists()


@pytest.mark.parametrize("packed", [False, True])
def test_files_in_a_given_folder_are_read_plain_or_packed(offline, packed):
    put(offline / "mine", packed=packed)
    found = digits.find(offline / "mine")
    assert found.root == offline / "mine"
    assert found.note == "not MNIST: the data folder's own 250 images"
    assert len(MNIST(found.root, train=True)) == 200
    assert not (offline / "cache").exists()


def test_the_real_mnist_has_no_note(offline, monkeypatch):
    raw = put(offline / "mine")
    monkeypatch.setattr(mnist, "_MD5", {n: md5((raw / n).read_bytes()) for n in idx.FILES})
    assert digits.find(offline / "mine").note is None


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


DAMAGE = {
    "cut short": ("train-images-idx3-ubyte", lambda b: b[:-1], "bytes where its header says"),
    "too long": ("t10k-labels-idx1-ubyte", lambda b: b + b"x", "bytes where its header says"),
    "empty": ("train-labels-idx1-ubyte", lambda b: b"", "no idx file"),
    "a web page": ("t10k-images-idx3-ubyte", lambda b: b"<html>" + b, "no idx file"),
    "wrong label": ("t10k-labels-idx1-ubyte", lambda b: b[:-1] + b"\x0a", "labels above 9"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_in_a_given_folder_are_refused_and_kept(offline, damage):
    name, change, reason = DAMAGE[damage]
    raw = put(offline / "mine")
    (raw / name).write_bytes(change((raw / name).read_bytes()))
    before = everything(raw)
    with pytest.raises(UsageError, match=reason) as caught:
        digits.find(offline / "mine")
    assert name in str(caught.value) and "--data-root" in str(caught.value)
    assert everything(raw) == before


def test_labels_and_images_must_be_as_many(offline):
    raw = put(offline / "mine")
    idx.write_file(raw / f"train-{idx.LABELS}", b"\0\0\x08\x01\0\0\0\x03" + b"\1\2\3")
    with pytest.raises(UsageError, match=r"200 images, .* 3 labels"):
        digits.find(offline / "mine")


def test_images_of_another_size_are_refused(offline):
    raw = put(offline / "mine")
    head = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (200, 32, 32))
    idx.write_file(raw / f"train-{idx.IMAGES}", head + bytes(200 * 32 * 32))
    with pytest.raises(UsageError, match="32 by 32, not 28 by 28"):
        digits.find(offline / "mine")


def test_a_damaged_archive_is_refused(offline):
    raw = put(offline / "mine", packed=True)
    archive = raw / f"{idx.FILES[0]}.gz"
    archive.write_bytes(archive.read_bytes()[:-10])
    with pytest.raises(UsageError, match=r"train-images-idx3-ubyte\.gz is damaged"):
        digits.find(offline / "mine")
    assert not [p for p in raw.iterdir() if p.name.startswith(".new")]


def test_an_incomplete_given_folder_is_refused(offline):
    raw = put(offline / "mine")
    (raw / idx.FILES[1]).unlink()
    with pytest.raises(UsageError, match="train-labels-idx1-ubyte missing"):
        digits.find(offline / "mine")


def test_a_file_as_data_folder_is_refused(offline):
    (offline / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        digits.find(offline / "file")


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_stand_ins_are_made_again(offline, damage):
    name, change, _ = DAMAGE[damage]
    raw = digits.find().root / "MNIST" / "raw"
    before = everything(raw)
    (raw / name).write_bytes(change((raw / name).read_bytes()))
    digits.find.cache_clear()
    digits.find()
    assert everything(raw) == before


def test_a_full_disk_is_one_sentence_and_leaves_nothing(offline, monkeypatch):
    def full(path, content):
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(idx, "write_file", full)
    with pytest.raises(UsageError, match=r"No space left.*Free some space.*--data-root"):
        digits.find()
    assert not everything(offline)


def test_a_cache_that_cannot_be_written_is_one_sentence(offline):
    (offline / "cache").write_text("in the way")
    with pytest.raises(UsageError, match=r"can't be written.*Make it writable"):
        digits.find()


def test_an_interruption_leaves_nothing_half_written(offline, monkeypatch):
    written = []

    def interrupted(path, content):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path.write_bytes(content))

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(idx, "write_file", interrupted)
        digits.find()
    assert len(written) == 3 and not everything(offline)
    assert digits.find().note == standin.NOTE


def test_several_at_once_do_each_other_no_harm(offline):
    raw = offline / "cache" / "digits-1" / "MNIST" / "raw"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(standin.write, [raw] * 4))
    assert idx.check(raw) == 250
    assert sorted(p.name for p in raw.iterdir()) == sorted(idx.FILES)


@pytest.fixture
def mirrors(offline, monkeypatch):
    """Two mirrors, of which the first has none of the files; returns what they were asked for."""
    raw = put(offline / "source")
    files = {name: (raw / name).read_bytes() for name in idx.FILES}
    monkeypatch.setattr(mnist, "_MD5", {name: md5(content) for name, content in files.items()})
    asked = []

    def answer(request, timeout):
        assert timeout
        asked.append(request.full_url)
        if request.full_url.startswith(MNIST.mirrors[0]):
            raise URLError("not here")
        return io.BytesIO(gzip.compress(files[request.full_url.rsplit("/", 1)[1][:-3]]))

    monkeypatch.setattr(mnist, "urlopen", answer)
    return asked


def test_mnist_is_downloaded_into_the_given_folder(offline, mirrors, capfd):
    found = digits.find(offline / "mine")
    assert found == digits.Digits(offline / "mine", None)
    assert len(MNIST(found.root, train=True)) == 200
    assert len(mirrors) == 8
    digits.find.cache_clear()
    assert digits.find(offline / "mine") == found and len(mirrors) == 8
    assert capfd.readouterr() == ("", "")


def test_without_a_folder_the_download_goes_to_the_cache_and_mends_it(offline, mirrors):
    raw = put(offline / "cache" / "data")
    (raw / idx.FILES[0]).write_bytes(b"damaged")
    assert digits.find() == digits.Digits(offline / "cache" / "data", None)
    assert idx.check(raw) == 250


def test_a_download_that_is_not_mnist_is_not_kept(offline, mirrors, monkeypatch):
    monkeypatch.setattr(mnist, "urlopen", lambda *a, **k: io.BytesIO(gzip.compress(b"other")))
    assert digits.find(offline / "mine").note == standin.NOTE
    assert not (offline / "mine").exists()


def test_the_download_can_be_switched_off(offline, mirrors, monkeypatch):
    monkeypatch.setenv(digits.OFFLINE_VARIABLE, "1")
    assert digits.find().note == standin.NOTE
    assert not mirrors


def test_a_network_that_swallows_everything_does_not_hold_up(offline, monkeypatch):
    released, asked = threading.Event(), []

    def hang(request, timeout):
        asked.append(request.full_url)
        released.wait(20)
        raise URLError("too late")

    monkeypatch.setattr(mnist, "urlopen", hang)
    monkeypatch.setattr(mnist, "ANSWER_SECONDS", 0.1)
    start = time.monotonic()
    assert mnist.fetch() is None
    assert time.monotonic() - start < 5
    finish(released)
    assert len(asked) == 1  # once given up, no further mirror is asked


def test_a_download_that_takes_too_long_is_given_up(offline, monkeypatch):
    released = threading.Event()

    class Slow(io.BytesIO):
        def read(self, size):
            released.wait(20)
            return b"x" * size  # without end

    monkeypatch.setattr(mnist, "urlopen", lambda *args, **kwargs: Slow())
    monkeypatch.setattr(mnist, "TOTAL_SECONDS", 0.1)
    assert mnist.fetch() is None
    finish(released)


def finish(released):
    """Let the thread go on, and fail unless it then ends."""
    released.set()
    for thread in threading.enumerate():
        if thread.name == "mnist":
            thread.join(5)
            assert not thread.is_alive()


def test_a_folder_that_cannot_take_the_download_is_one_sentence(offline, mirrors, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(idx, "write_file", full)
    with pytest.raises(UsageError, match="MNIST can't be written to"):
        digits.find(offline / "mine")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(idx.FILES), content=st.binary(max_size=64))
def test_whatever_a_file_holds_checking_it_fails_cleanly(tmp_path, name, content):
    raw = put(tmp_path, {"train": 2, "t10k": 1})
    if content == (raw / name).read_bytes():
        return
    (raw / name).write_bytes(content)
    try:
        idx.check(raw)
    except ValueError as error:
        assert name.split("-")[0] in str(error)
