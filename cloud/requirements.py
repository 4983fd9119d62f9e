"""`--requirements FILE`: what is installed in the job before the training; never another torch."""

import re
from pathlib import Path

from results.errors import UsageError

# What the image brings, built for its own CUDA: another build would not see the GPU.
OF_THE_IMAGE = ("torch", "torchvision", "torchaudio", "triton")
MAX_BYTES = 100_000
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[\w\s,.-]*\])?\s*(.*)")


def checked_requirements(path: Path) -> bytes:
    """The file as it travels: requirements by name, one a line, without comments.

    Raises UsageError for a file that cannot be read, for lines that are options, paths or
    addresses (they may hold a password, or lead to what does not travel), and for a torch of its
    own.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"--requirements {str(path)!r} cannot be read ({why}). Give a text file with one "
            "package a line, such as tqdm>=4.66."
        ) from None
    if len(text) > MAX_BYTES:
        raise UsageError(f"--requirements {str(path)!r} is too long to be a list of packages.")
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    for number, line in enumerate(lines, start=1):
        if line:
            _check(path, number, line)
    return "".join(f"{line}\n" for line in lines if line).encode()


def _check(path: Path, number: int, line: str) -> None:
    match = _NAME.fullmatch(line)
    if match is None or not re.match(r"$|[<>=!~;(]", match[3]) or "://" in line:
        # The line itself is not shown: an address may hold a password.
        raise UsageError(
            f"Line {number} of {str(path)!r} is no requirement by name, such as tqdm>=4.66. "
            "Options, paths and addresses are not taken into a job."
        )
    name = re.sub(r"[-_.]+", "-", match[1]).lower()
    if name in OF_THE_IMAGE or name.startswith(("nvidia-", "pytorch-triton")):
        raise UsageError(
            f"Line {number} of {str(path)!r} asks for {match[1]}, which the image brings, built "
            "for its GPUs, and which is never replaced. Leave it out, or choose another image."
        )
