"""The source that a job takes along: trainfare's own packages and the user's own code.

The same source gives the same bytes, on every machine: so the digest names it, and a job that was
sent twice is noticed.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cloud.requirements import checked_requirements
from cloud.secrets_check import refuse_secrets
from cloud.source_folder import files_of
from results.errors import RecordError, UsageError
from results.records import Job

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bench", "cloud", "results")
FOLDER = "workload"  # of the user's code, inside the archive
REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of the user's own travels: nothing beside the workload's file, or a whole folder."""

    folder: Path | None = None  # --source
    requirements: Path | None = None  # --requirements, installed before the training


FILE_ONLY = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A job as it is inside the archive, and the archive."""

    job: Job  # its workload's reference leads to the file in the archive
    archive: bytes

    @property
    def digest(self) -> str:
        """The sha256 of the archive in hex: what the job's name follows from."""
        return digest(self.archive)


def pack(job: Job, source: Source = FILE_ONLY, root: Path = ROOT) -> Packed:
    """The job's source as a reproducible .tar.gz: sorted names, no times, no owners.

    Holds *.py and py.typed of `bench`, `cloud` and `results` below `root`, the user's file or
    folder as `workload/`, and the requirements. Raises UsageError where the workload is missing,
    is not the one that was measured or lies outside the folder, where the folder is too large or
    holds a secret, and for a job measured on a data folder; RecordError where a package of ours is
    missing.
    """
    refuse_data_folder(job.workload.data_root)
    members = dict(_package_files(root))
    own, reference = _users_files(job, source)
    members |= own
    if source.requirements is not None:
        members[REQUIREMENTS] = checked_requirements(source.requirements)
    workload = replace(job.workload, reference=reference)
    return Packed(job=replace(job, workload=workload), archive=_tar_gz(members))


def check(reference: str, source: Source) -> None:
    """Whether what of the user's travels can, as far as it is known before a measurement.

    Raises UsageError as `pack` would.
    """
    if ":" in reference:  # what is no workload at all is told better by who loads it
        workload_file(reference, source.folder)
    if source.folder is not None:
        files_of(source.folder)
    if source.requirements is not None:
        checked_requirements(source.requirements)


def refuse_data_folder(data_root: str | None) -> None:
    """Raises UsageError where one is given: the job would train on other data, unnoticed."""
    if data_root is not None:
        raise UsageError(
            f"--data-root {data_root!r} is a folder of this machine, which a job elsewhere cannot "
            "see. Measure without it, or give a workload file that fetches its data itself."
        )


def digest(data: bytes) -> str:
    """The sha256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def workload_file(reference: str, folder: Path | None = None) -> Path | None:
    """The user's file of a reference, None for a built-in workload; a module's below `folder`.

    Raises UsageError where the reference has none of the known forms, or is a module and no folder
    travels.
    """
    place, colon, factory = reference.rpartition(":")
    if colon and place.endswith(".py") and factory.isidentifier():
        return Path(place)
    if (not colon and re.fullmatch(r"[a-z0-9_]+", reference)) or place == "torchvision":
        return None
    parts = place.split(".")
    if colon and factory.isidentifier() and all(part.isidentifier() for part in parts):
        if folder is not None:
            module = folder.joinpath(*parts)
            package = module / "__init__.py"
            return package if package.is_file() else module.with_suffix(".py")
        raise UsageError(
            f"{reference!r} cannot be sent by itself: its packages have to travel too. Name the "
            "folder that holds them with --source DIR, or give path/to/file.py:factory."
        )
    raise UsageError(f"{reference!r} cannot be sent. Give it as path/to/file.py:factory.")


def _users_files(job: Job, source: Source) -> tuple[dict[str, bytes], str]:
    """What of the user's travels, by its name in the archive, and the reference that leads to it.

    A module keeps its reference: `workload/` is on the path of a job.
    """
    reference = job.workload.reference
    file = workload_file(reference, source.folder)
    if file is None:
        found = files_of(source.folder) if source.folder else {}
        return {f"{FOLDER}/{name}": data for name, data in found.items()}, reference
    measured = _measured_bytes(file, job)
    if source.folder is None:
        refuse_secrets({file.name: measured})
        name, found = file.name, {file.name: measured}
    else:
        found = files_of(source.folder)
        name = _name_below(file, source.folder)
        if name not in found:
            raise UsageError(
                f"{str(file)!r} is left out by the ignore rules of {str(source.folder)!r}, so the "
                "job would not find its workload. Change them in .trainfareignore."
            )
    factory = reference.rpartition(":")[2]
    inside = f"{FOLDER}/{name}:{factory}" if ".py:" in reference else reference
    return {f"{FOLDER}/{name}": data for name, data in found.items()}, inside


def _name_below(file: Path, folder: Path) -> str:
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise UsageError(
            f"{str(file)!r} lies outside --source {str(folder)!r}, so it would not travel. Name "
            "the folder that holds it."
        ) from None


def _measured_bytes(file: Path, job: Job) -> bytes:
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


def _tar_gz(members: dict[str, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in sorted(members.items()):
            entry = tarfile.TarInfo(str(PurePosixPath(name)))  # time 0, owner 0 without a name
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 6, mtime=0)  # 9: twice the time, 0.6% smaller
