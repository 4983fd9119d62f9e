"""Devices and processors for several processes."""

import pytest

from bench import nvml, processes
from results.errors import UsageError


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.setattr(processes, "usable_cpu_count", lambda: 4)
    monkeypatch.setattr(nvml, "gpu_count", lambda: 2)


@pytest.mark.parametrize(("count", "threads", "each"), [(2, None, 2), (3, None, 1), (4, 1, 1)])
def test_threads_never_exceed_the_cores(count, threads, each):
    assert processes.threads_each(count, threads) == each


@pytest.mark.parametrize(
    ("count", "device", "threads", "says"),
    [
        (5, "cpu", None, "5 processes need a core each, this machine has 4"),
        (2, "cpu", 3, "need 6 cores, this machine has 4. Try: --threads 2"),
        (3, "cuda:0", None, "need a GPU each, this machine has 2"),
    ],
)
def test_what_there_is_not_is_one_sentence(count, device, threads, says):
    with pytest.raises(UsageError, match=says):
        processes.check(count, device, threads)
