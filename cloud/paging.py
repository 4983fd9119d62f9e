"""A service's list, page by page, as it should be: each job once, and an end."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from cloud.errors import UnclearError

T = TypeVar("T")


def each_once(
    pages: Iterable[tuple[str | None, Iterable[T]]], name_of: Callable[[T], str], where: str
) -> Iterator[T]:
    """The items of all pages, one that comes again on another page left out.

    A page is the token of the next one and its items. Raises UnclearError where a token comes
    twice: such a list has no end.
    """
    seen: set[str] = set()
    tokens: set[str] = set()
    for following, items in pages:
        for item in items:
            if name_of(item) not in seen:
                seen.add(name_of(item))
                yield item
        if following and following in tokens:
            raise UnclearError(where, "the list does not end")
        tokens.add(following or "")
