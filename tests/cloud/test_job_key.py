"""Names of jobs: valid everywhere, the same for the same job, another for another."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.job_key import job_folder, job_key, job_name
from cloud.source import pack

DIGEST = "0" * 64


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=200))
def test_every_workload_name_makes_a_valid_job_name(
    make_job: Any, make_offer: Any, name: str
) -> None:
    made = job_name(make_job(name=name), make_offer(), DIGEST)
    assert re.fullmatch(r"trainfare(-[a-z0-9]+)+-[0-9a-f]{12}", made)
    assert len(made) <= 63


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("Größe É", "gro-e-e"),
        ("模型", "job"),
        ("", "job"),
        ("x" * 99, "x" * 40),
    ],
)
def test_hostile_names_become_plain(make_job: Any, make_offer: Any, name: str, slug: str) -> None:
    made = job_name(make_job(name=name), make_offer(), DIGEST)
    assert made == f"trainfare-{slug}-{made[-12:]}"
    assert job_folder(made) == f"trainfare/jobs/{made}"


def test_the_same_job_has_the_same_key_wherever_its_file_lies(
    tmp_path: Path, make_job: Any, make_offer: Any
) -> None:
    keys = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "m.py").write_text("def f(): ...\n")
        packed = pack(make_job(reference=f"{folder}/m.py:f"))
        keys.add(job_key(packed.job, make_offer(), packed.digest))
    assert len(keys) == 1


def test_a_new_price_is_no_new_job(make_job: Any, make_offer: Any) -> None:
    dearer = make_offer(usd_per_hour=Decimal(9), as_of="2027")
    assert job_key(make_job(), dearer, DIGEST) == job_key(make_job(), make_offer(), DIGEST)


def test_everything_else_makes_another_job(make_job: Any, make_offer: Any) -> None:
    keys = [
        job_key(make_job(), make_offer(), DIGEST),
        job_key(make_job(), make_offer(), "1" * 64),
        job_key(make_job(epochs=4), make_offer(), DIGEST),
        job_key(make_job(nodes=2), make_offer(), DIGEST),
        job_key(make_job(batch_size=32), make_offer(), DIGEST),
        job_key(make_job(), make_offer(region="us-west-2"), DIGEST),
        job_key(make_job(), make_offer(allocation="spot"), DIGEST),
        job_key(make_job(), make_offer("gcp"), DIGEST),
    ]
    assert len(set(keys)) == len(keys)
