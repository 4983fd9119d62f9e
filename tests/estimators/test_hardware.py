"""Drivers' names onto the hardware table, and the table onto the catalog."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.hardware import accelerator, accelerators, find_accelerator, match_device
from results.errors import UsageError
from results.records import Offer


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
            assert a.speed("fp32") is None
            continue
        assert a.fp32_tflops and a.tf32_tflops and a.half_tflops
        assert a.fp32_tflops <= a.tf32_tflops <= a.half_tflops
        assert "memory" not in a.source or not a.checked


def test_only_trainium_cannot_be_projected() -> None:
    assert [a.name for a in accelerators().values() if not a.projectable] == ["Trainium"]


def test_speed_is_the_root_of_peak_and_bandwidth() -> None:
    assert accelerator("T4").speed("half") == pytest.approx((65.1 * 320) ** 0.5)


def test_an_unknown_accelerator() -> None:
    with pytest.raises(UsageError, match=r"'A10H' is no accelerator.*Near: A10, A10G"):
        accelerator("A10H")
    assert find_accelerator("A10H") is None
