"""The SageMaker request against botocore's own model, limits and patterns included."""

import csv
import functools
import json
from pathlib import Path
from typing import Any

import pytest
from fakes.botocore_model import problems

from cloud.sagemaker import plan
from cloud.settings import AwsSettings
from estimators.assumptions import NOT_FOR_TRAINING
from results.errors import UsageError

DIGEST = "ab" * 32
PRICES = Path(__file__).parents[2] / "estimators" / "data" / "sagemaker.csv"


@functools.cache
def input_shape() -> Any:
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker")
    return model.operation_model("CreateTrainingJob").input_shape


def assert_valid(request: dict[str, Any]) -> None:
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(request, input_shape())
    assert not report.has_errors(), report.generate_report()
    assert problems(request, input_shape()) == []
    assert json.loads(json.dumps(request)) == request


def test_the_walker_can_fail(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    request = plan(make_job(), make_offer(), settings_of("aws"), 3600, DIGEST)
    request["TrainingJobName"] = "-bad"
    request["AlgorithmSpecification"]["TrainingInputMode"] = "Fast"
    request["AlgorithmSpecification"]["ContainerArguments"][0] = "x" * 257
    assert len(problems(request, input_shape())) == 3


def test_on_demand(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    request = plan(make_job(), make_offer(), settings_of("aws"), 3600, DIGEST)
    assert_valid(request)
    name = request["TrainingJobName"]
    assert name.startswith("trainfare-cnn-")
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["AlgorithmSpecification"]["TrainingImage"] == (
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
    )
    source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"s3://my-bucket/trainfare/jobs/{name}/source/"
    assert request["Tags"] == [{"Key": "trainfare", "Value": name}]
    assert "EnableManagedSpotTraining" not in request


def test_spot_may_wait_no_longer_than_it_may_cost(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    request = plan(make_job(), make_offer(allocation="spot"), settings_of("aws"), 7200, DIGEST)
    assert_valid(request)
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 7200,
        "MaxWaitTimeInSeconds": 7200,
    }
    assert request["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"


def test_several_cpu_nodes_in_a_region_with_its_own_account(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    offer = make_offer(
        accelerator=None, accelerator_count=0.0, instance_type="ml.m5.xlarge", region="ap-east-1"
    )
    request = plan(make_job(nodes=3), offer, settings_of("aws"), 60, DIGEST)
    assert_valid(request)
    assert request["ResourceConfig"]["InstanceCount"] == 3
    assert request["AlgorithmSpecification"]["TrainingImage"] == (
        "871362719292.dkr.ecr.ap-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"
    )


def test_hostile_words_stay_words(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    job = make_job(
        name="<script>", reference="workload/$(rm -rf ~).py:f", options=(("note", "'; reboot #"),)
    )
    request = plan(job, make_offer(), settings_of("aws"), 3600, DIGEST)
    assert_valid(request)
    arguments = request["AlgorithmSpecification"]["ContainerArguments"]
    assert "workload/$(rm -rf ~).py:f" in arguments
    assert "note='; reboot #" in arguments


@pytest.mark.parametrize("missing", ["role_arn", "bucket"])
def test_a_missing_setting_is_named(
    make_job: Any, make_offer: Any, settings_of: Any, missing: str
) -> None:
    given = {"role_arn": "arn:aws:iam::123456789012:role/t", "bucket": "b-b"} | {missing: None}
    with pytest.raises(UsageError, match=rf"`\[aws\] {missing}` is missing"):
        plan(make_job(), make_offer(), AwsSettings(**given), 3600, DIGEST)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"region": "us-est-1"}, "Near: us-"),
        ({"instance_type": "ml.p3.2xlarge", "accelerator": "V100"}, "CUDA 13"),
        ({"instance_type": "ml.trn1.2xlarge", "accelerator": "Trainium"}, "Trainium"),
    ],
)
def test_what_cannot_run_is_refused(
    make_job: Any, make_offer: Any, settings_of: Any, given: Any, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        plan(make_job(), make_offer(**given), settings_of("aws"), 3600, DIGEST)


def test_every_priced_instance_is_either_valid_or_refused(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    with PRICES.open(encoding="utf-8") as file:
        rows = {row["instance_type"]: row["accelerator"] or None for row in csv.DictReader(file)}
    types = input_shape().members["ResourceConfig"].members["InstanceType"].enum
    notebooks = {name for name in rows if NOT_FOR_TRAINING.fullmatch(name)}
    assert len(notebooks) == 13
    assert notebooks == rows.keys() - set(types)
    refused = []
    for instance_type in rows.keys() - notebooks:
        offer = make_offer(instance_type=instance_type, accelerator=rows[instance_type])
        try:
            request = plan(make_job(), offer, settings_of("aws"), 3600, DIGEST)
        except UsageError:
            refused.append(instance_type)
        else:
            assert problems(request, input_shape()) == [], instance_type
    assert len(rows) > 50
    assert {name.split(".")[1] for name in refused} == {"p3", "p3dn", "trn1", "trn1n"}
