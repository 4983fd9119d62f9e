"""Records of a store that is far away: many are asked for at once, none that nobody wants."""

import threading
from itertools import islice

import pytest

from results.errors import RecordError
from results.reading import AT_ONCE, at_once

NAMES = [f"runs/{i}.json" for i in range(200)]


class Far:
    """A place that answers once so many are asking, and knows how many did."""

    def __init__(self, together: int) -> None:
        self.together = threading.Barrier(together)
        self.asked: list[str] = []

    def read(self, name: str) -> bytes:
        self.asked.append(name)
        if int(name[5:-5]) in range(64, 64 + self.together.parties):
            self.together.wait(20)  # only if all ask before one is answered does this end
        return name.encode()


def test_many_are_asked_for_at_once_and_come_in_order() -> None:
    far = Far(AT_ONCE)
    assert list(at_once(far.read, NAMES)) == [name.encode() for name in NAMES]
    assert sorted(far.asked) == sorted(NAMES)


def test_who_wants_the_newest_reads_little_more() -> None:
    far = Far(1)
    assert list(islice(at_once(far.read, NAMES), 1)) == [b"runs/0.json"]
    assert far.asked == NAMES[:1]
    far.asked.clear()
    assert len(list(islice(at_once(far.read, NAMES), 5))) == 5
    assert len(far.asked) <= 2 * 5


@pytest.mark.parametrize("bad", [0, 1, 77, 199])
def test_a_bad_one_takes_the_place_of_its_own(bad: int) -> None:
    def read(name: str) -> bytes:
        if name == NAMES[bad]:
            raise RecordError("torn")
        return name.encode()

    found = list(at_once(read, NAMES))
    assert isinstance(found[bad], RecordError)
    assert [one for i, one in enumerate(found) if i != bad] == [
        name.encode() for i, name in enumerate(NAMES) if i != bad
    ]
