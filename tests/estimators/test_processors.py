"""Instance families onto processors."""

import pytest

from estimators.processors import find_processor
from results.records import Offer


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ("ml.m5.large", "Xeon Platinum 8175M or 8259CL"),
        ("ml.p3dn.24xlarge", "Xeon Platinum 8175M"),
        ("ml.p3.2xlarge", "Xeon E5-2686 v4"),
        ("n1-standard-4", "Xeon from Sandy Bridge to Skylake"),
        ("Standard_D16as_v5", "EPYC 7763"),
        ("Standard_D16s_v5", "Xeon Platinum 8370C or 8473C"),
    ],
)
def test_the_closest_family_counts(catalog: list[Offer], instance: str, name: str) -> None:
    offer = next(o for o in catalog if o.instance_type == instance)
    found = find_processor(offer)
    assert found is not None
    assert found.name == name


def test_nearly_every_offer_has_one(catalog: list[Offer]) -> None:
    unknown = {o.instance_type for o in catalog if find_processor(o) is None}
    assert all(name.startswith("ml.g7e.") for name in unknown), unknown


def test_cores_are_never_more_than_vcpus(catalog: list[Offer]) -> None:
    for offer in catalog:
        found = find_processor(offer)
        assert found is None or 0 < found.cores(offer.vcpus) <= offer.vcpus


def test_what_is_from_memory_is_not_called_checked(catalog: list[Offer]) -> None:
    known = {p for o in catalog if (p := find_processor(o)) is not None}
    assert any(p.checked for p in known)
    for p in known:
        assert p.source
        assert "memory" not in p.source or not p.checked
