"""Each item of a list once, whatever its pages repeat; a list without an end is no list."""

import itertools

import pytest

from cloud.errors import UnclearError
from cloud.paging import each_once


def test_what_comes_on_two_pages_counts_once() -> None:
    pages = [("1", ["a", "b"]), ("2", ["b", "c"]), (None, ["c", "d"])]
    assert list(each_once(pages, str, "there")) == ["a", "b", "c", "d"]


def test_pages_without_tokens_end_by_themselves() -> None:
    assert list(each_once([(None, ["a"]), ("", ["b"]), (None, [])], str, "there")) == ["a", "b"]


def test_a_token_that_comes_again_is_no_end() -> None:
    endless = itertools.cycle([("1", ["a"]), ("2", ["b"])])
    with pytest.raises(UnclearError, match="there: the list does not end"):
        list(each_once(endless, str, "there"))
