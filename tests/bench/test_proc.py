"""The kernel's counters, read for real; where there are none, nothing is claimed."""

import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path
from time import perf_counter

import pytest

from bench import proc

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def busy(seconds):
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


@linux
def test_waiting_grows_when_threads_compete():
    queue = proc.RunQueue()
    assert queue.wait_nanoseconds() is None  # not looked for yet
    threads = [threading.Thread(target=busy, args=(1.0,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    queue.refresh()
    before = queue.wait_nanoseconds()
    busy(0.05)
    assert queue.wait_nanoseconds() > before >= 0
    for thread in threads:
        thread.join()
    assert queue.wait_nanoseconds() >= 0  # those that have ended are left out


@linux
def test_the_machine_is_at_least_as_busy_as_this_process():
    before = proc.busy_seconds()
    busy(0.3)
    assert proc.busy_seconds() - before >= 0.1


@linux
def test_children_are_counted_while_they_live():
    assert proc.children_cpu_seconds() is None
    child = multiprocessing.get_context("fork").Process(target=busy, args=(30,))
    child.start()
    try:
        busy(0.3)
        assert proc.children_cpu_seconds() > 0
    finally:
        child.kill()
        child.join()


def busy_beside(seconds):
    """The main thread only waits, as that of a loader's worker does whose library has a pool."""
    thread = threading.Thread(target=busy, args=(seconds,))
    thread.start()
    thread.join()


def used_while_busy(child):
    """What the children are said to have used until the child has used 0.5 s by its own account."""
    deadline = perf_counter() + 60
    while perf_counter() < deadline:
        time.sleep(0.05)
        told = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        if sum(map(int, told[11:13])) / proc.TICKS_PER_SECOND > 0.5:
            return proc.children_cpu_seconds()
    pytest.fail("the child got no processor")


@linux
def test_all_threads_of_children_are_counted():
    child = multiprocessing.get_context("fork").Process(target=busy_beside, args=(60,))
    child.start()
    try:
        assert used_while_busy(child) >= 0.4
    finally:
        child.kill()
        child.join()


@linux
def test_children_that_have_ended_are_counted_with_them():
    before = proc.ended_children_cpu_seconds()
    child = multiprocessing.get_context("fork").Process(target=busy, args=(60,))
    child.start()
    living = used_while_busy(child)
    child.kill()
    child.join()
    assert proc.ended_children_cpu_seconds() - before >= living


GROWING = """
from bench import proc

proc.reset_peak_memory()
print(proc.peak_memory_bytes())
data = bytearray(200 * 2**20)
data[::4096] = b"x" * len(data[::4096])
print(proc.peak_memory_bytes())
del data
proc.reset_peak_memory()
print(proc.peak_memory_bytes())
"""


@linux
def test_peak_memory_is_that_of_the_stretch():
    # A small process of its own: of a large one the kernel may take idle pages away meanwhile.
    told = subprocess.run([sys.executable, "-c", GROWING], capture_output=True, check=True)
    base, grown, after = map(int, told.stdout.split())
    assert grown >= base + 150 * 2**20
    assert after < grown - 100 * 2**20


def test_without_proc_all_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(proc, "_cpu_ticks", list)
    assert proc.Steal().seconds() is None
    assert proc.busy_seconds() is None


def machine_of(root, available_kib, groups):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {available_kib} kB\n")
    (root / "proc/self/cgroup").write_text("0::/a/b\n")
    for name, (limit, used, cached) in groups.items():
        folder = root / "sys/fs/cgroup" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")


def test_free_memory_is_what_the_tightest_group_leaves(tmp_path):
    machine_of(tmp_path, 1000, {"a": (700, 500, 100), "a/b": ("max", 500, 100)})
    assert proc.free_memory_bytes(tmp_path) == 300
    machine_of(tmp_path / "wide", 1000, {"a/b": ("max", 1, 1)})
    assert proc.free_memory_bytes(tmp_path / "wide") == 1000 * 1024
    assert proc.free_memory_bytes(tmp_path / "nothing") is None


@linux
def test_free_memory_of_this_machine():
    assert 0 < proc.free_memory_bytes() < 2**50
    assert proc.memory_bytes() > 2**20
