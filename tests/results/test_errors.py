"""Exit codes, and the names that were perhaps meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import (
    NoAnswerError,
    OverBudgetError,
    RecordError,
    TrainfareError,
    UsageError,
    near,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (TrainfareError, 2),
        (UsageError, 2),
        (RecordError, 2),
        (NoAnswerError, 3),
        (OverBudgetError, 4),
    ],
)
def test_exit_codes(kind: type[TrainfareError], code: int) -> None:
    assert kind("no").exit_code == code
    assert issubclass(kind, TrainfareError)


def test_near_names_come_closest_first() -> None:
    known = ["ml.g5.xlarge", "ml.g5.2xlarge", "ml.p4d.24xlarge", "ml.c5.large"]
    assert near("ml.g5.xlrge", known).startswith("Near: ml.g5.xlarge, ")


def test_upper_and_lower_case_are_the_same() -> None:
    assert near("standard_nc4AS_t4_v3", ["Standard_NC4as_T4_v3", "x"]) == (
        "Near: Standard_NC4as_T4_v3."
    )


def test_no_more_than_asked_for() -> None:
    assert near("aab", ["aaa", "aac", "aad", "aae"], count=2).count(",") == 1


def test_without_a_near_name_the_known_ones_are_told() -> None:
    assert near("?", ["b", "a", "a"]) == "Known: a, b."
    many = near("?", [f"n{i}" for i in range(9)])
    assert many == "Known: n0, n1, n2, n3, n4, n5, n6, n7, …."
    assert "…" not in near("?", [f"n{i}" for i in range(8)])


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=12))
def test_only_known_names_are_offered(given_name: str, known: list[str]) -> None:
    found = near(given_name, known)
    assert found.startswith(("Near: ", "Known: "))
    if found.startswith("Near: "):
        assert any(name in found for name in known)
