"""Settings: what is read, what is refused, and what a message tells."""

from typing import Any

import pytest

from cloud.settings import (
    CLASSES,
    FOR_A_JOB,
    RULES,
    AwsSettings,
    AzureSettings,
    for_a_job,
    from_table,
)  # fmt: skip
from results.errors import UsageError


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_every_example_of_a_setting_is_a_setting(provider: Any) -> None:
    table = {name: rule.example for name, rule in RULES[provider].items()}
    settings = from_table(provider, table)
    assert isinstance(settings, CLASSES[provider])
    assert for_a_job(settings) == tuple(table[name] for name in FOR_A_JOB[provider])


def test_an_empty_section_leaves_everything_unknown() -> None:
    assert from_table("aws", {}) == AwsSettings()


def test_a_misspelt_key_is_refused_with_the_near_one() -> None:
    with pytest.raises(UsageError, match=r"`\[aws\] role_arm` in trainfare.toml.*Near: role_arn"):
        from_table("aws", {"role_arm": "x"})


def test_a_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="Credentials do not belong there") as caught:
        from_table("aws", {"aws_secret_access_key": "wJalrXUtnFEMI"})
    assert "wJalrXUtnFEMI" not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "key", "value"),
    [
        ("aws", "role_arn", "trainer"),
        ("aws", "role_arn", "arn:aws:iam::12345:role/trainer"),
        ("aws", "bucket", "s3://my-bucket"),
        ("aws", "bucket", "My_Bucket"),
        ("aws", "bucket", 5),
        ("aws", "bucket", ""),
        ("aws", "bucket", "my-bucket\n"),
        ("aws", "endpoint", "localhost:5000"),
        ("gcp", "project", "UPPER"),
        ("gcp", "service_account", "trainer"),
        ("azure", "subscription_id", "0123"),
        ("azure", "workspace", "a/b"),
        ("azure", "resource_group", None),
    ],
)
def test_a_wrong_value_is_refused_with_an_example(provider: Any, key: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        from_table(provider, {key: value})
    assert f"`[{provider}] {key}`" in str(caught.value)
    assert RULES[provider][key].example in str(caught.value)


def test_the_first_missing_setting_is_named_with_section_file_purpose_and_example() -> None:
    with pytest.raises(UsageError) as caught:
        for_a_job(AzureSettings(subscription_id="x"))
    assert str(caught.value) == (
        "`[azure] resource_group` is missing in trainfare.toml; it is needed to find the "
        'workspace. Example: resource_group = "my-group"'
    )
