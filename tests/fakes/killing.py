"""A process that dies before or after its n-th call to a service or write to a disk."""

import os
from collections.abc import Callable
from typing import Any

KILLED, FINISHED, FAILED = 77, 0, 1


def run_and_kill(work: Callable[[], None], at_event: int) -> int:
    """Run `work` in a fork that ends, as by SIGKILL, at that event; its exit status.

    Every call through urllib3 (which all three SDKs use) and every flush, link, rename and removal
    of a file counts as two events: just before it, and just after.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = FAILED
    try:
        _arm(at_event)
        work()
        status = FINISHED
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)  # no cleaning up: a killed process does none
    raise AssertionError("unreachable")


def _arm(at_event: int) -> None:
    from urllib3.connectionpool import HTTPConnectionPool

    left = [at_event]

    def event() -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(KILLED)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            event()
            answer = call(*given, **named)
            event()
            return answer

        return counted

    HTTPConnectionPool.urlopen = around(HTTPConnectionPool.urlopen)  # type: ignore[method-assign]
    for name in ("fsync", "link", "rename", "replace", "unlink"):
        setattr(os, name, around(getattr(os, name)))
