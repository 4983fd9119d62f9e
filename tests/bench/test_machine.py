"""What the machine is, which devices it has, and what NVML is asked (a driver's stand-in here)."""

import dataclasses
import os
import types

import pytest

from bench import device, gpu_monitor, machine, nvml
from bench.gpu_monitor import GpuMonitor
from results.errors import UsageError


class FakeNvml(types.SimpleNamespace):
    """The calls of pynvml that are used, for two GPUs, one of which does not tell its power."""

    class NVMLError(Exception):
        pass

    NVML_CLOCK_SM = 1

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetUUID(self, handle):  # noqa: N802
        return f"GPU-{handle}abc"

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return ["Tesla T4", b"NVIDIA A10G"][handle]

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return types.SimpleNamespace(total=16 * 2**30, used=(handle + 1) * 2**30)

    def nvmlSystemGetDriverVersion(self):  # noqa: N802
        return "580.1"

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        return types.SimpleNamespace(gpu=40 + handle)

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        if handle == 1:
            raise self.NVMLError("not supported")
        return 70_000

    def nvmlDeviceGetClockInfo(self, handle, kind):  # noqa: N802
        assert kind == self.NVML_CLOCK_SM
        return 1590

    def nvmlDeviceGetMaxClockInfo(self, handle, kind):  # noqa: N802
        return 1980

    throttle, processes, millijoules = 0, (), 0

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        if uuid not in ("MIG-0", "MIG-1"):
            raise self.NVMLError("not found")
        return int(uuid[-1])

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle):  # noqa: N802
        return self.throttle

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        return [types.SimpleNamespace(pid=pid) for pid in self.processes]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        if self.millijoules is None:
            raise self.NVMLError("not supported")
        return self.millijoules


@pytest.fixture(autouse=True)
def fresh_program(monkeypatch):
    monkeypatch.setattr(gpu_monitor, "_there_before", {})


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(nvml, "library", FakeNvml)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(nvml, "library", lambda: None)


def test_without_a_driver_there_is_no_gpu(no_gpu):
    assert nvml.gpu_count() == 0
    assert nvml.gpu_info(0) is None
    monitor = GpuMonitor(0)
    monitor.poll()
    assert monitor.reading() is None
    assert device.resolve("auto") == "cpu"
    with pytest.raises(UsageError, match="this machine has no NVIDIA GPU"):
        device.resolve("cuda")


def test_gpus_are_named_and_read(two_gpus):
    assert nvml.gpu_info(1) == nvml.GpuInfo("NVIDIA A10G", 16 * 2**30, "580.1")
    monitor = GpuMonitor(0)
    monitor.poll()
    reading = monitor.reading()
    assert (reading.utilization_percent, reading.power_watts) == (40, 70.0)
    assert (reading.sm_clock_mhz, reading.memory_used_bytes) == (1590, 2**30)


def test_what_a_gpu_does_not_tell_is_unknown_not_zero(two_gpus):
    monitor = GpuMonitor(1)
    monitor.poll()
    assert monitor.reading().power_watts is None
    assert monitor.reading().utilization_percent == 41


@pytest.fixture
def one_driver(monkeypatch):
    """The same stand-in at each call, so that a test can change what it says."""
    driver = FakeNvml()
    monkeypatch.setattr(nvml, "library", lambda: driver)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return driver


def test_a_gpu_held_down_from_outside_disturbs(one_driver):
    monitor = GpuMonitor(0)
    monitor.poll()
    assert not monitor.is_disturbed
    one_driver.throttle = 0x04  # its own power cap: what a full load does
    monitor.poll()
    assert not monitor.is_disturbed
    one_driver.throttle = 0x40
    monitor.poll()
    assert monitor.is_disturbed
    reading = monitor.reading()
    assert reading.throttle_reasons == ("software power cap", "hardware thermal slowdown")
    assert reading.sm_clock_max_mhz == 1980


def test_another_program_on_the_gpu_disturbs(one_driver):
    one_driver.processes = (7,)  # there before us
    monitor = GpuMonitor(0)
    one_driver.processes = (99,)  # gone; the new one is us, under whatever number
    monitor.poll()
    assert not monitor.is_disturbed
    one_driver.processes = (99, 100)
    monitor.poll()
    assert monitor.is_disturbed
    assert monitor.reading().other_processes == 1


def test_an_earlier_session_of_this_program_is_no_other_program(one_driver):
    GpuMonitor(0)
    one_driver.processes = (99,)  # ours, under whatever number: its CUDA context stays
    second = GpuMonitor(0)  # as each visit of a batch sweep has one
    second.poll()
    assert not second.is_disturbed
    one_driver.processes = (99, 100)
    second.poll()
    assert second.is_disturbed


def test_a_file_that_used_the_gpu_when_it_was_loaded_is_no_other_program(one_driver):
    one_driver.processes = (os.getpid(),)
    monitor = GpuMonitor(0)
    monitor.poll()
    assert not monitor.is_disturbed


def test_energy_by_the_counter_else_by_power_else_unknown(one_driver):
    monitor = GpuMonitor(0)
    with monitor.energy() as energy:
        one_driver.millijoules = 2500
    assert energy.joules == 2.5
    one_driver.millijoules = None
    with monitor.energy() as energy:
        monitor.poll()  # 70 W
    assert 0 < energy.joules < 70
    with GpuMonitor(1).energy() as energy:  # tells neither
        pass
    assert energy.joules is None
    with GpuMonitor(None).energy() as energy:
        pass
    assert energy.joules is None


def test_a_cpu_run_reads_no_gpu(two_gpus):
    monitor = GpuMonitor(None)
    monitor.poll()
    assert monitor.reading() is None


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1,0", ["NVIDIA A10G", "Tesla T4"]),
        ("GPU-1", ["NVIDIA A10G"]),
        ("", []),
        ("0,7,1", ["Tesla T4"]),
        ("-1", []),
    ],
)
def test_visible_devices_are_counted_as_cuda_does(two_gpus, monkeypatch, visible, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert nvml.gpu_count() == len(names)
    assert [nvml.gpu_info(i).name for i in range(len(names))] == names


def test_a_part_of_a_gpu_is_one(two_gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-1,MIG-0")
    assert nvml.gpu_count() == 1
    assert nvml.gpu_info(0).name == "NVIDIA A10G"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-7")
    assert nvml.gpu_count() == 0


def test_devices_resolve(two_gpus):
    assert device.resolve("auto") == device.resolve("cuda") == "cuda:0"
    assert device.resolve("cuda:1") == "cuda:1"
    assert device.resolve("cpu") == "cpu"


@pytest.mark.parametrize("asked", ["tpu", "cuda:", "cuda:x", "CUDA", "", "cuda:99999"])
def test_no_device_at_all(two_gpus, asked):
    with pytest.raises(UsageError, match="Expected: cpu, cuda, cuda:1 or auto"):
        device.resolve(asked)


def test_a_device_that_is_not_here(two_gpus):
    with pytest.raises(UsageError, match="this machine has 2 NVIDIA GPUs"):
        device.resolve("cuda:2")


def test_this_machine():
    here = machine.capture("cpu", threads=3)
    assert here.threads == 3
    assert here.cpu_count >= 1
    assert here.memory_bytes > 2**28
    assert here.torch_version[0] == "2"
    assert not here.is_gpu
    assert machine.same_machine(here, machine.capture("cpu", threads=None))


def test_another_processor_or_torch_is_another_machine():
    here = machine.capture("cpu", None)
    for change in ({"cpu_name": "other"}, {"torch_version": "2.11"}, {"device": "cuda:0"}):
        assert not machine.same_machine(here, dataclasses.replace(here, **change))


def test_a_gpu_machine_has_the_gpu_as_its_device(two_gpus):
    here = machine.capture("cuda:1", None)
    assert here.device_name == "NVIDIA A10G"
    assert here.device_memory_bytes == 16 * 2**30
    assert here.driver_version == "580.1"
    assert here.is_gpu
