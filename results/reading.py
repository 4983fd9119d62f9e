"""How files of a store are read: many of a distant one at once, for each waits for its answer."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from results.errors import RecordError

AT_ONCE = 32
MAX_RECORD_BYTES = 64 * 2**20  # far above any real record; a larger file is not one
Found = bytes | RecordError


def tried(read: Callable[[str], bytes], name: str) -> Found:
    """What `read` gives, or the error it raises: one bad file must not end the others."""
    try:
        return read(name)
    except RecordError as error:
        return error


def at_once(read: Callable[[str], bytes], names: Sequence[str]) -> Iterator[Found]:
    """What `read` gives for each name, in their order, up to 32 at once.

    Reads ahead no more than has been taken already: who looks for the newest reads only that.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = 0
        while taken < len(names):
            part = names[taken : taken + max(1, min(taken, 2 * AT_ONCE))]
            yield from pool.map(lambda name: tried(read, name), part)
            taken += len(part)
