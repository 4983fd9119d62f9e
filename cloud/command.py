"""The command that a job runs, the same on all three services, as a list without shell quoting."""

import math
import re

from results.errors import UsageError
from results.records import Job, Offer

# Unpacks the archive ($0) and becomes the command ($@). Python unpacks, for it is in every image
# that can train; tar is not.
UNPACK = 'python3 -m tarfile -e "$0" /tmp/trainfare && exec env PYTHONPATH=/tmp/trainfare "$@"'
MAX_PARTS, MAX_PART_LENGTH = 100, 256  # of SageMaker's ContainerArguments (botocore's model)


def expected_gpus(offer: Offer) -> int:
    """How many GPUs a node shows: a slice of one counts as one. Raises UsageError for others."""
    if offer.accelerator is None:
        return 0
    if offer.accelerator == "Trainium":
        raise UsageError(
            f"{offer.instance_type!r} has Trainium, for which PyTorch needs an image and code of "
            "its own. Choose a GPU or CPU instance: trainfare prices list"
        )
    return max(1, math.floor(offer.accelerator_count))


def unpack_command(archive: str) -> list[str]:
    """The words before `entry_command`: they unpack `archive`, then become what follows."""
    return ["bash", "-c", UNPACK, archive]


def entry_command(job: Job, offer: Offer, out: str, checkpoints: str | None = None) -> list[str]:
    """`python3 -m cloud.entry …` for this packed job on one node of `offer`.

    `out` takes the result; `checkpoints`, a place that outlives an interruption, takes what a
    restart goes on from. Raises UsageError for counts below one and for words that SageMaker's
    limits do not allow.
    """
    counts = {
        "nodes": job.nodes,
        "epochs": job.epochs,
        "samples-per-epoch": job.samples_per_epoch,
        "batch-size": job.workload.batch_size,
    }
    words = ["python3", "-m", "cloud.entry", "--service", offer.service]
    words += ["--workload", job.workload.reference, "--out", out]
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"--{name} {count} is too small. Give 1 or more.")
        words += [f"--{name}", str(count)]
    words += ["--gpus", str(expected_gpus(offer))]
    if checkpoints is not None:
        words += ["--checkpoints", checkpoints]
    for name, value in job.workload.options:
        words += ["--option", _option(name, value)]
    return _checked(words)


def _option(name: str, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise UsageError(f"{name!r} is no name of an option of a workload.")
    return f"{name}={value}"


def _checked(words: list[str]) -> list[str]:
    for word in words:
        if len(word) > MAX_PART_LENGTH or not word.isprintable():
            raise UsageError(
                f"{word[:60]!r} cannot be passed to a job: expected at most {MAX_PART_LENGTH} "
                "printable characters. Shorten or rename it."
            )
    if len(words) > MAX_PARTS:
        raise UsageError(
            f"The workload has {len(words)} words of options; a job takes {MAX_PARTS}. "
            "Put some of them into the workload's own file."
        )
    return words
