"""Cloud Logging's lines of a Vertex AI job, page by page over its REST API."""

from datetime import datetime, timedelta
from typing import Any

from cloud.google_errors import raise_for, without_pages

LOGGING = "https://logging.googleapis.com"
TIMEOUT_SECONDS = 60
LATE_SECONDS = 60.0  # an entry may be listed so long after younger ones


class JobLog:
    """What the first machine of a job has written, read on from where the last look ended."""

    def __init__(self, credentials: Any, endpoint: str, project: str, job_id: str) -> None:
        from google.auth.transport.requests import AuthorizedSession

        made: Any = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        self._session = without_pages(made, "logs")
        self._address = f"{endpoint}/v2/entries:list"
        self._project = project
        self._filter = (
            f'resource.type="ml_job" AND resource.labels.job_id="{job_id}" '
            'AND resource.labels.task_name="workerpool0-0"'
        )
        self._known: set[str] = set()
        self._newest: datetime | None = None
        self.lines: list[str] = []

    def read(self) -> None:
        """Read what has come since. Raises what google.auth and `raise_for` raise."""
        asked: dict[str, Any] = {
            "resourceNames": [f"projects/{self._project}"],
            "filter": self._filter + self._since(),
            "orderBy": "timestamp asc",
            "pageSize": 1000,
        }
        while True:
            answer = self._session.post(self._address, json=asked, timeout=TIMEOUT_SECONDS)
            raise_for(answer)
            page = answer.json()
            for entry in page.get("entries", []):
                self._take(entry)
            following = page.get("nextPageToken")
            if not following or following == asked.get("pageToken"):
                return
            asked["pageToken"] = following

    def _since(self) -> str:
        """The condition that leaves out what was read, but for what may have come late."""
        if self._newest is None:
            return ""
        return f' AND timestamp>="{(self._newest - timedelta(seconds=LATE_SECONDS)).isoformat()}"'

    def _take(self, entry: dict[str, Any]) -> None:
        name, at = entry["insertId"], datetime.fromisoformat(entry["timestamp"])
        if name in self._known:
            return
        self._known.add(name)
        self._newest = at if self._newest is None else max(self._newest, at)
        said = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
        self.lines.append(str(said).rstrip("\n"))
