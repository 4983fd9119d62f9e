"""Installs the user's `--requirements` inside a job, around the image's own torch."""

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cloud.requirements import OF_THE_IMAGE
from results.errors import UsageError


def install(requirements: Path) -> None:
    """`pip install`, with what the image brings held at its version. Raises UsageError.

    A requirement that can only be had with another torch ends the job here, in its first minute.
    """
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "constraints.txt"
        held.write_text("".join(f"{line}\n" for line in constraints()), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        command += ["--no-input", "--constraint", str(held), "--requirement", str(requirements)]
        done = subprocess.run(command, check=False)
    if done.returncode:
        raise UsageError(
            "The requirements could not be installed beside what the image brings "
            f"({', '.join(constraints()) or 'no torch found'}); pip's reason is above."
        )


def constraints() -> list[str]:
    """`torch==2.13.0+cu126` and so on, of those that are installed."""
    found = []
    for name in OF_THE_IMAGE:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return found
