"""botocore's descriptions of the services, read once a process and not once a client."""

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader

_read = JSONFileLoader()._load_file


@cache
def _read_once(path: str, open_method: Any) -> Any:
    return _read(path, open_method)


def read_once() -> None:
    """Keep what was read: a new session reads megabytes of JSON, and each test has its own."""
    JSONFileLoader._load_file = lambda _, path, open_method: _read_once(path, open_method)
