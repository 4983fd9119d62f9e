"""One way to plan for all three, importing as little as can be."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from cloud.registry import plan_request, planner
from cloud.source import ROOT
from results import codec
from results.errors import OverBudgetError, UsageError
from results.records import JobRequest


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_a_whole_plan_survives_its_record(
    make_job: Any, make_offer: Any, settings_of: Any, provider: str
) -> None:
    offer = make_offer(provider)
    request = plan_request(make_job(), offer, settings_of(provider), Decimal("5"))
    assert (request.provider, request.service) == (provider, offer.service)
    assert request.job_name in str(request.request)
    assert request == plan_request(make_job(), offer, settings_of(provider), Decimal("5"))
    assert codec.loads(codec.dumps(request), JobRequest) == request
    assert str(request.max_seconds) in str(request.request)


def test_a_cap_that_pays_for_nothing_is_refused(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    with pytest.raises(OverBudgetError, match=r"--max-usd 0\.01"):
        plan_request(make_job(), make_offer(), settings_of("aws"), Decimal("0.01"))


def test_settings_of_another_provider_are_refused(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    with pytest.raises(UsageError, match=r"rented from aws.*those of gcp.*--provider aws"):
        plan_request(make_job(), make_offer("aws"), settings_of("gcp"), Decimal("5"))


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'awz' is no provider. Near: aws"):
        planner("awz")


def test_planning_imports_no_sdk_and_no_torch() -> None:
    script = (
        "import sys, cloud.registry as r; [r.planner(p) for p in r.MODULES]; import cloud.entry; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('boto3', 'botocore', 'google', 'azure', 'torch', 'numpy', 'bench', 'estimators')])"
    )
    command = [sys.executable, "-S", "-c", script]  # -S: nothing that is installed is on the path
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
