"""Trying again, the same on all clouds: only what may happen twice or certainly did not happen."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cloud.client import Check, Client, JobStatus
from cloud.errors import (
    CloudError,
    ConfigurationError,
    NameTakenError,
    ThrottledError,
    UnclearError,
)
from results.jobs import JobHandle
from results.records import JobRequest

T = TypeVar("T")
Pause = Callable[[float], None]
WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)


class Patient:
    """A client whose calls are tried again where that is safe; `pause` waits some seconds.

    Reading, uploading and cancelling may happen twice, so they are tried again after a throttle and
    after no answer. Creating is tried again after a throttle only: then nothing was made.
    """

    def __init__(self, client: Client, pause: Pause = time.sleep) -> None:
        self.client = client
        self.pause = pause
        self.settles_after_seconds = client.settles_after_seconds
        self.account = client.account

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """See `Client`."""
        self._tried(lambda: self.client.upload(request, region, archive))

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """See `Client`."""
        return self._tried(lambda: self.client.create(request, region), (ThrottledError,))

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """See `Client`."""
        return self._tried(lambda: self.client.find(job_name, region))

    def status(self, handle: JobHandle) -> JobStatus:
        """See `Client`."""
        return self._tried(lambda: self.client.status(handle))

    def cancel(self, handle: JobHandle) -> None:
        """See `Client`; nothing happens to a job that has ended."""
        try:
            self._tried(lambda: self.client.cancel(handle))
        except (ConfigurationError, NameTakenError):  # "… because the job is in status Completed."
            if not self.status(handle).ended:
                raise

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """See `Client`; the whole list at once, so that no half of it is taken for all."""
        yield from self._tried(lambda: list(self.client.jobs(region)))

    def asked_account(self, region: str) -> str | None:
        """See `Client`."""
        return self._tried(lambda: self.client.asked_account(region))

    def logs(
        self, handle: JobHandle, skip_lines: int = 0, *, whole_lines: bool = False
    ) -> Iterator[str]:
        """See `Client`."""
        yield from self._tried(
            lambda: list(self.client.logs(handle, skip_lines, whole_lines=whole_lines))
        )

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """See `Client`; once, for half of it may lie in the folder already."""
        self.client.fetch(handle, folder)

    def checks(self, region: str) -> list[Check]:
        """See `Client`."""
        return self.client.checks(region)

    def _tried(
        self,
        call: Callable[[], T],
        again: tuple[type[CloudError], ...] = (ThrottledError, UnclearError),
    ) -> T:
        for seconds in WAITS_SECONDS:
            try:
                return call()
            except again:
                self.pause(seconds)
        return call()
