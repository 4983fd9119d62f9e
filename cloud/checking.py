"""One line of what `doctor` asks of a service: the answer, or why there is none."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from cloud.client import Check
from cloud.errors import CloudError


def checked(
    name: str, call: Callable[[], Any], told: Callable[[], AbstractContextManager[None]]
) -> Check:
    """`call`'s answer under `name`; what goes wrong is the answer too, and stops nothing."""
    try:
        with told():
            return Check(name=name, found=str(call()), good=True)
    except CloudError as error:
        return Check(name=name, found=str(error), good=False)
