"""Cloud Logging's lines of a Vertex AI job, page by page over its REST API."""

from collections.abc import Iterator
from typing import Any

from cloud.google_errors import raise_for, without_pages

LOGGING = "https://logging.googleapis.com"
TIMEOUT_SECONDS = 60


def log_lines(credentials: Any, endpoint: str, project: str, job_id: str) -> Iterator[str]:
    """What the first machine of the job has written, the oldest line first.

    Raises what google.auth and `raise_for` raise.
    """
    from google.auth.transport.requests import AuthorizedSession

    asked = {
        "resourceNames": [f"projects/{project}"],
        "filter": f'resource.type="ml_job" AND resource.labels.job_id="{job_id}" '
        'AND resource.labels.task_name="workerpool0-0"',
        "orderBy": "timestamp asc",
        "pageSize": 1000,
    }
    made: Any = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session = without_pages(made, "logs")
    while True:
        answer = session.post(f"{endpoint}/v2/entries:list", json=asked, timeout=TIMEOUT_SECONDS)
        raise_for(answer)
        page = answer.json()
        for entry in page.get("entries", []):
            said = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
            yield str(said).rstrip("\n")
        following = page.get("nextPageToken")
        if not following or following == asked.get("pageToken"):
            return
        asked["pageToken"] = following
