"""The source that a job takes along: trainfare's own packages and the user's one workload file.

The same source gives the same bytes, on every machine: so the digest names it, and a job that was
sent twice is noticed.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from results.errors import RecordError, UsageError
from results.records import Job

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bench", "cloud", "results")
FOLDER = "workload"  # of the user's file, inside the archive


def workload_reference_in_job(reference: str) -> str:
    """The reference by which the job finds its workload: a user's file moves to `workload/`.

    `cnn` and `torchvision:resnet50` stay. Raises UsageError for `module:factory`, whose packages
    would have to travel too.
    """
    file = workload_file(reference)
    return f"{FOLDER}/{file.name}:{reference.rpartition(':')[2]}" if file else reference


def workload_file(reference: str) -> Path | None:
    """The user's file in `path/file.py:factory`, or None where the workload is a built-in one."""
    place, colon, factory = reference.rpartition(":")
    if colon and place.endswith(".py") and factory.isidentifier():
        return Path(place)
    if (not colon and re.fullmatch(r"[a-z0-9_]+", reference)) or place == "torchvision":
        return None
    raise UsageError(
        f"{reference!r} cannot be sent: only a single file travels with a job. "
        "Give the workload as path/to/file.py:factory."
    )


def build_archive(job: Job, root: Path = ROOT) -> bytes:
    """The job's source as a reproducible .tar.gz: sorted names, no times, no owners.

    Holds *.py and py.typed of `bench`, `cloud` and `results` below `root`, and the user's file.
    Raises UsageError where that file is missing or is not the one that was measured, RecordError
    where a package is missing.
    """
    members = dict(_package_files(root))
    file = workload_file(job.workload.reference)
    if file is not None:
        members[f"{FOLDER}/{file.name}"] = _workload_bytes(file, job)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in sorted(members.items()):
            tar.addfile(_entry(name, len(data)), io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def digest(data: bytes) -> str:
    """The sha256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)  # its time is 0, its owner is 0 and has no name
    entry.size, entry.mode = size, 0o644
    return entry


def _package_files(root: Path) -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        if not (root / package / "__init__.py").is_file():
            raise RecordError(
                f"trainfare's own package {package!r} is not in {str(root)!r}, so no job can be "
                "sent. Install trainfare again."
            )
        for path in (root / package).rglob("*"):
            if path.is_file() and (path.suffix == ".py" or path.name == "py.typed"):
                yield path.relative_to(root).as_posix(), path.read_bytes()


def _workload_bytes(file: Path, job: Job) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{str(file)!r} cannot be read ({error.strerror}), so it cannot be sent. "
            "Give the workload as path/to/file.py:factory."
        ) from None
    measured = job.workload.source_digest
    if measured is not None and measured != digest(data):
        raise UsageError(
            f"{str(file)!r} has changed since it was measured, so its estimate no longer holds. "
            f"Measure it again: trainfare measure {job.workload.reference}"
        )
    return data
