"""The name of a job: the same job with the same source has the same name on every machine."""

import hashlib
import json
import re
import unicodedata

from results.codec import to_plain
from results.records import Job, Offer

PREFIX = "trainfare"
WAIT_TAG = "max-wait-seconds"  # beside PREFIX, so that the request shows it on every service
SLUG_LENGTH = 40  # so that the whole name has at most 63 characters, the least of the three limits


def job_key(job: Job, offer: Offer, source_digest: str) -> str:
    """Twelve hex digits of the sha256 over job, place and source; the price is not part of it.

    `job` is the packed one, whose workload has the same reference wherever it came from.
    """
    spec = to_plain(job)
    place = [offer.provider, offer.service, offer.region, offer.instance_type, offer.allocation]
    text = json.dumps([spec, place, source_digest], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def job_name(job: Job, offer: Offer, source_digest: str) -> str:
    """`trainfare-<workload>-<key>`: a-z, 0-9 and hyphens, at most 63, valid on all three services.

    The rules kept: SageMaker's TrainingJobName (botocore's model), the values of Google Cloud
    labels, and the names of Azure ML jobs.
    """
    plain = unicodedata.normalize("NFKD", job.workload.name).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_LENGTH].strip("-")
    return f"{PREFIX}-{slug or 'job'}-{job_key(job, offer, source_digest)}"


def job_folder(name: str) -> str:
    """The folder of a job in the user's bucket."""
    return f"{PREFIX}/jobs/{name}"


def checkpoints_of(place: str, name: str, before: str) -> str:
    """The place of the checkpoints of job `name`, as that of the job `before`; other text stays."""
    if not place.rstrip("/").endswith("/checkpoints"):
        return place
    return place.replace(job_folder(name), job_folder(before))
