"""How many machines are looked at, and limits that are none."""

import pytest

from estimators.wishes import Wishes
from results.errors import UsageError


@pytest.mark.parametrize(
    ("most", "counts"),
    [(None, [7]), (1, [1]), (4, [1, 2, 3, 4]), (6, [1, 2, 3, 4, 6]), (16, [1, 2, 3, 4, 8, 16])],
)
def test_counts_of_machines(most: int | None, counts: list[int]) -> None:
    assert list(Wishes(max_nodes=most).node_counts(7)) == counts


@pytest.mark.parametrize("most", [0, -1, 1025])
def test_no_limit(most: int) -> None:
    with pytest.raises(UsageError, match="--max-nodes"):
        Wishes(max_nodes=most).node_counts(1)
