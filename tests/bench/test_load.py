"""References become workloads, and every mistake in a user's file one clear sentence."""

import multiprocessing
import random
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import torch

from bench import load
from bench.workload import TorchWorkload, Workload
from results.errors import UsageError

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

GOOD = """
class Job:
    samples_per_step = samples_per_epoch = 1
    def __init__(self, **options): self.options = options
    def prepare(self, device, batch_size, threads): ...
    def step(self, mark): ...
    def synchronize(self): ...
"""


@pytest.fixture(autouse=True)
def imports_as_before(monkeypatch, tmp_path):
    """Each test has its own folder, module names and search path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(before):
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


def write(text, name="train.py"):
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return name


def test_known_workloads_load_afresh():
    make = load.factory("mlp")
    first, second = make(), make()
    assert isinstance(first, TorchWorkload) and first.name == "mlp"
    assert first.model is not second.model
    assert load.make("rnn").name == "rnn"


@pytest.mark.parametrize("place", ["train.py", "./train.py", "sub/train.py", "sub.train", "train"])
def test_files_and_modules_load(place):
    write(GOOD, f"{place.replace('.', '/')}.py" if not place.endswith(".py") else place)
    made = load.make(f"{place}:Job")
    assert isinstance(made, Workload) and made.options == {}


def test_an_absolute_path_loads_from_anywhere(tmp_path, monkeypatch):
    write(GOOD)
    monkeypatch.chdir("/")
    assert load.make(f"{tmp_path}/train.py:Job")


def test_the_smallest_example_trains():
    workload = load.make(f"{EXAMPLES}/linear.py:workload")
    workload.prepare("cpu", None, None)
    workload.step(lambda name: nullcontext())
    assert workload.samples_per_epoch == 10_000
    assert len((EXAMPLES / "linear.py").read_text().splitlines()) <= 25


def test_the_gan_example_trains_both_models_each_in_its_own_phases():
    gan = load.make(f"{EXAMPLES}/gan.py:workload")
    gan.prepare("cpu", 16, None)
    assert isinstance(gan, Workload) and gan.samples_per_step == 16
    changed = {}

    def weights():
        return {
            n: torch.cat([p.flatten().clone() for p in getattr(gan, n).parameters()]) for n in "dg"
        }

    @contextmanager
    def mark(name):
        before = weights()
        yield
        changed[name] = [n for n, value in weights().items() if not torch.equal(value, before[n])]

    gan.step(mark)
    gan.synchronize()
    assert changed.pop("d.optimizer") == ["d"]
    assert changed.pop("g.optimizer") == ["g"]
    assert changed == {
        name: [] for name in ("load", "d.forward", "d.backward", "g.forward", "g.backward")
    }


# What a user's file may get wrong, and the sentence about it.
MISTAKES = {
    "def (": r"'train\.py' is no valid Python: 'invalid syntax' \(line 1\)",
    "x = 1\x00": r"'train\.py' (is no valid Python|can't be imported)",
    "import nowhere_to_be_found": "line 1: 'ModuleNotFoundError: No module named 'nowhere_to",
    "x = 1\n\n1 / 0": r"can't be imported in line 3: 'ZeroDivisionError: division by zero'",
    "raise ValueError('first\\nsecond')": "'ValueError: first'",
    "raise ValueError": r"'ValueError'\. Mend",
    "import sys; sys.exit()": "ends the program when it is imported.*__main__",
    "def mak(): ...": r"'train\.py' has no 'make'\. Near: mak\.",
    "from os.path import join": r"has no 'make'\. It defines no function",
    "make = 3": "is no function but a value of type int",
    "make = None": "is no function but a value of type NoneType",
    "def make(size, depth): ...": "needs arguments that nothing gives: size, depth",
    "def make(size, /): ...": "needs arguments that nothing gives: size",
    "def make(data_root): ...": r"needs --data-root\. Add it",
    "def make(): raise KeyError('gone')": r"make' failed in line 1 with 'KeyError: 'gone''\.",
    "def make(): raise SystemExit(3)": "failed in line 1 with 'SystemExit: 3'",
    "def make(): return 3": r"returned a int, which is no workload: it lacks prepare\(\), step\(\)",
    "def make(): ...": "returned a NoneType, which is no workload",
    "import torch\ndef make(): return torch.nn.Linear(1, 1)": "returned a Linear, which is no work",
    GOOD + "def make(): return Job": r"returned the class Job, not a workload\. Return Job\(\)",
    "class make:\n def step(self, mark): ...": r"lacks prepare\(\), synchronize\(\)\. Ret",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_is_one_sentence(text):
    path, modules = list(sys.path), set(sys.modules)
    write(text)
    with pytest.raises(UsageError, match=MISTAKES[text]) as caught:
        load.make("train.py:make")
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    assert str(caught.value).startswith("'train.py")
    assert set(sys.path) - set(path) <= {str(Path.cwd())}
    if "imported" in str(caught.value):
        assert "train" not in set(sys.modules) - modules


def test_the_cause_is_kept():
    write("1 / 0")
    with pytest.raises(UsageError) as caught:
        load.make("train.py:make")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_mistakes_in_modules():
    with pytest.raises(UsageError, match="no module 'nowhere_at_all', neither installed"):
        load.make("nowhere_at_all:make")
    write("import nowhere_to_be_found", "inner.py")
    with pytest.raises(UsageError, match="'inner' can't be imported: 'ModuleNotFoundError: No"):
        load.make("inner:make")
    with pytest.raises(UsageError, match=r"no module 'inner\.deeper'"):
        write("", "inner.py")
        load.make("inner.deeper:make")
    with pytest.raises(UsageError, match=r"'inner' has no 'make'\. It defines no function\."):
        load.make("inner:make")


def test_ctrl_c_is_no_mistake_of_the_file():
    write("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load.make("train.py:make")
    assert "train" not in sys.modules


def test_options_reach_only_factories_that_take_them():
    write(GOOD + "def sized(image_size=5): return Job(image_size=image_size)\n")
    assert load.make("train.py:sized", image_size=32).options == {"image_size": 32}
    assert load.make("train.py:sized").options == {"image_size": 5}
    assert load.make("train.py:sized", image_size=None).options == {"image_size": 5}
    with pytest.raises(UsageError, match=r"'train\.py:sized' takes no --data-root\."):
        load.make("train.py:sized", data_root=Path())
    with pytest.raises(UsageError, match=r"'mlp' takes no --image-size\."):
        load.make("mlp", image_size=3)
    assert load.make("train.py:Job", data_root="x").options == {"data_root": Path("x")}


@pytest.mark.parametrize(
    "size", [0, -1, 4097, 1.5, True, "", "abc", "12345", "01", "1_0", "٣", " 5", "5\n"]
)
def test_image_sizes_out_of_range_are_refused(size):
    with pytest.raises(UsageError, match=r"is no image size.* --image-size from 1 to 4096"):
        load.make("torchvision:resnet18", image_size=size)


@pytest.mark.parametrize(("size", "expected"), [(1, 1), ("4096", 4096), ("24", 24)])
def test_image_sizes_may_be_text(size, expected):
    write(GOOD)
    assert load.make("train.py:Job", image_size=size).options == {"image_size": expected}


def test_other_options_are_refused():
    with pytest.raises(
        UsageError, match=r"'image_siz' is no option of a workload\. Near: image_size"
    ):
        load.factory("mlp", {"image_siz": 3})
    with pytest.raises(UsageError, match="'' is no folder"):
        load.factory("cnn", {"data_root": ""})


def test_unknown_torchvision_models_are_told_near_ones():
    with pytest.raises(UsageError, match=r"'resnet5' is no classification model.*Near: resnet50"):
        load.factory("torchvision:resnet5")


def test_errors_meant_for_the_user_pass_as_they_are():
    write("from results.errors import NoAnswerError\ndef make(): raise NoAnswerError('my words')")
    with pytest.raises(Exception, match=r"^my words$") as caught:
        load.make("train.py:make")
    assert caught.value.exit_code == 3


def test_a_file_imports_its_neighbours_at_once_and_later():
    write("value = 7", "folder/neighbour_a.py")
    write("value = 8", "folder/neighbour_b.py")
    write(
        GOOD + "import neighbour_a\ndef make():\n import neighbour_b\n"
        " return Job(values=(neighbour_a.value, neighbour_b.value))\n",
        "folder/train.py",
    )
    assert load.make("folder/train.py:make").options == {"values": (7, 8)}


@pytest.mark.parametrize("name", ["random", "torch", "cnn", "results", "wave", "sys"])
def test_a_file_named_like_another_module_takes_nothings_place(name):
    before = sys.modules.get(name)
    write(GOOD, f"{name}.py")
    write(GOOD.replace("class Job:", "class Job:\n    other = True"), f"elsewhere/{name}.py")
    first = load.make(f"{name}.py:Job")
    second = load.make(f"elsewhere/{name}.py:Job")
    assert not hasattr(first, "other") and second.other
    if name != "cnn":
        assert sys.modules.get(name) is before
    assert sys.modules[type(first).__module__].__file__ == str(Path(f"{name}.py").resolve())
    assert random.random() < 1  # the real one


def test_a_neighbour_hides_no_module_that_is_imported_later():
    write("raise SystemExit", "folder/wave.py")
    write("raise SystemExit", "folder/estimators.py")
    write(GOOD, "folder/train.py")
    load.make("folder/train.py:Job")
    import wave

    import estimators

    assert wave.__name__ and Path(estimators.__file__).name == "__init__.py"


def test_a_changed_file_is_read_again_and_a_failed_one_changes_nothing():
    write(GOOD + "def make(): return Job(n=1)")
    assert load.make("train.py:make").options == {"n": 1}
    module = sys.modules["train"]
    write(GOOD + "def make(): return Job(number=2)")
    assert load.make("train.py:make").options == {"number": 2}
    assert sys.modules["train"] is not module
    module = sys.modules["train"]
    write("1 / 0")
    with pytest.raises(UsageError):
        load.make("train.py:make")
    assert sys.modules["train"] is module


def test_a_file_is_run_once_however_often_its_workload_is_made():
    write(GOOD + "print('run', flush=True)\nopen('runs', 'a').write('x')\ndef make(): return Job()")
    make = load.factory("train.py:make")
    assert make() is not make()
    assert Path("runs").read_text() == "x"


def test_processes_started_afresh_find_what_the_file_defines():
    write(GOOD + "def double(x): return 2 * x\ndef make(): return Job(function=double)")
    made = load.make("train.py:make")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(made.options["function"], (21,)) == 42
