"""Drivers' names onto the hardware table, and the table onto the catalog."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.hardware import (
    CLASSES,
    Precision,
    accelerator,
    accelerators,
    find_accelerator,
    find_device,
    match_device,
    unknown_device,
)
from results.errors import UsageError
from results.records import Offer

PUBLIC_NAMES = (
    "K80", "M60", "P4", "P100", "T4", "V100", "V100-SXM2", "A10", "A10G", "L4", "L40S", "A100-40GB",
    "A100-80GB-PCIe", "A100-80GB", "H100-PCIe", "H100-SXM", "H200-SXM", "GH200-96GB", "B200",
    "GTX 1080 Ti", "TITAN Xp", "TITAN V", "RTX 2080 Ti", "TITAN RTX", "Quadro RTX 6000",
    "Quadro RTX 8000", "RTX 2060 MaxQ", "RTX 3090", "RTX 4060 Ti", "RTX 4090", "RTX A6000",
    "RTX 6000 Ada", "RTX 5090", "RTX PRO 6000 Max-Q",
)  # fmt: skip


@pytest.mark.parametrize(
    ("device_name", "name"),
    [
        ("Tesla T4", "T4"),
        ("NVIDIA A100-SXM4-80GB", "A100-80GB"),
        ("A100-SXM4-40GB", "A100"),
        ("NVIDIA A100 80GB PCIe", "A100-80GB-PCIE"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10G"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("Tesla V100-SXM2-32GB", "V100-32GB"),
        ("Tesla V100-PCIE-16GB", "V100-PCIE"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 NVL", "H100-NVL"),
        ("NVIDIA H100 PCIe", "H100-PCIE"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTXPRO6000"),
        ("nvidia  tesla t4", "T4"),
    ],
)
def test_a_driver_name_is_matched(device_name: str, name: str) -> None:
    found = match_device(device_name)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "device_name",
    ["", "NVIDIA", "NVIDIA A100", "NVIDIA L40", "NVIDIA A10-4Q", "NVIDIA H200 NVL",
     "NVIDIA A100-SXM4-80GB MIG 1g.10gb", "AMD Instinct MI300X", "NVIDIA GeForce RTX 4090 D"],
)  # fmt: skip
def test_an_unknown_device_is_none_and_not_the_nearest(device_name: str) -> None:
    assert match_device(device_name) is None


@given(st.text(max_size=40))
def test_any_text_is_matched_or_not(text: str) -> None:
    found = match_device(text)
    assert found is None or found == accelerators()[found.name]


def test_every_accelerator_of_the_catalog_is_known(catalog: Sequence[Offer]) -> None:
    for offer in catalog:
        if offer.accelerator:
            known = accelerator(offer.accelerator)
            whole = min(1.0, offer.accelerator_count)
            assert offer.accelerator_memory_gib == pytest.approx(known.memory_gb * whole, rel=0.01)


def test_the_table_is_sound() -> None:
    table = accelerators()
    names = [n.casefold() for a in table.values() for n in a.device_names]
    assert len(names) == len(set(names))
    for a in table.values():
        assert a.source
        assert 2010 < a.year < 2030
        if not a.projectable:
            assert a.peak_tflops("fp32") is None
            continue
        assert a.fp32_tflops and a.tf32_tflops and a.half_tflops
        assert a.fp32_tflops <= a.tf32_tflops <= a.half_tflops
        assert "memory" not in a.source or not a.checked


def test_only_trainium_cannot_be_projected() -> None:
    assert [a.name for a in accelerators().values() if not a.projectable] == ["Trainium"]


def test_peak_is_that_of_the_precision_as_far_as_it_can_be_issued() -> None:
    assert accelerator("T4").peak_tflops("half") == 65.1
    assert accelerator("K80").peak_tflops("fp32") == pytest.approx(4.37 * 2 / 3)


def test_what_has_no_arithmetic_in_a_precision() -> None:
    lacking = {p: {a.name for a in accelerators().values() if a.lacks(p)} for p in CLASSES}
    assert lacking["fp32"] == lacking["tf32"] == set()  # where there is no tf32 it is fp32
    assert lacking["fp16"] == lacking["half"] == {"K80", "M60"}
    assert {"T4", "V100", "P100", "P4", "K80"} < lacking["bf16"]
    generations = {accelerator(name).generation for name in lacking["bf16"]}
    assert generations == {"Kepler", "Maxwell", "Pascal", "Volta", "Turing"}
    others = {a.generation for a in accelerators().values() if a.name not in lacking["bf16"]}
    assert others == {"Ampere", "Ada", "Hopper", "Blackwell", "Trainium"}


def test_compute_capability_goes_with_the_architecture() -> None:
    by_generation: dict[str, set[float | None]] = {}
    for a in accelerators().values():
        by_generation.setdefault(a.generation, set()).add(a.compute_capability)
    assert by_generation == {
        "Kepler": {3.7}, "Maxwell": {5.2}, "Pascal": {6.0, 6.1}, "Volta": {7.0}, "Turing": {7.5},
        "Ampere": {8.0, 8.6}, "Ada": {8.9}, "Hopper": {9.0}, "Blackwell": {10.0, 12.0},
        "Trainium": {None},
    }  # fmt: skip


def test_a_power_limit_holds_the_clock_down() -> None:
    t4, best = accelerator("T4"), accelerator("RTX 2080 Ti")
    assert best.sustained_tflops("half") == best.peak_tflops("half")
    watts = (70 / 8.14) / (250 / 13.45)
    assert t4.sustained_tflops("half") == pytest.approx(65.1 * watts ** (1 / 3))
    unknown = replace(t4, tdp_watts=None)
    assert unknown.sustained_tflops("half") == unknown.peak_tflops("half")


def test_no_card_is_held_against_another_design() -> None:
    assert accelerator("A100").design != accelerator("A10G").design == accelerator("A10").design
    for a in accelerators().values():
        if a.projectable:
            assert a.die
            for precision in get_args(Precision):
                peak, sustained = a.peak_tflops(precision), a.sustained_tflops(precision)
                assert peak and sustained
                assert 0.5 * peak < sustained <= peak


@pytest.mark.parametrize(
    ("name", "found"),
    [("A100-80GB-PCIe", "A100-80GB-PCIE"), ("H100-SXM", "H100"), ("V100-SXM2", "V100"),
     ("RTX 2060 MaxQ", "RTX 2060 Max-Q"), ("GH200-96GB", "GH200"), ("T4", "T4"),
     ("Tesla T4", "T4"), ("NVIDIA H100 NVL", "H100-NVL"), ("a10g", "A10G"),
     ("rtx_4090", "RTX 4090"), ("A100 80GB", "A100-80GB"), ("GeForce RTX 3090", "RTX 3090")],
)  # fmt: skip
def test_a_device_is_found_by_any_of_its_names(name: str, found: str) -> None:
    device = find_device(name)
    assert device is not None
    assert device.name == found


def test_no_two_devices_are_taken_for_one_another() -> None:
    names: dict[str, set[str]] = {}
    for a in accelerators().values():
        for name in (a.name, *a.device_names, *a.aliases):
            found = find_device(name)
            assert found is not None
            names.setdefault(name, set()).add(found.name)
            assert found.name == a.name
    assert find_device("NVIDIA A10-4Q") is None


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_every_name_of_the_public_measurements_is_known(name: str) -> None:
    assert find_device(name) is not None


def test_an_unknown_device_is_told_with_the_nearest() -> None:
    assert find_device("A100H") is None
    assert "A100" in unknown_device("A100H")


def test_an_unknown_accelerator() -> None:
    with pytest.raises(UsageError, match=r"'A10H' is no accelerator.*Near: A10, A10G"):
        accelerator("A10H")
    assert find_accelerator("A10H") is None
