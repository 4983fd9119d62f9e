"""Which folder the digits of the `cnn` workload are read from: MNIST, else stand-ins for it."""

import errno
import logging
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import idx, mnist, standin
from results.errors import UsageError

OFFLINE_VARIABLE = "TRAINFARE_OFFLINE"  # set to anything: no download is tried
_STANDIN_FOLDER = "digits-1"  # counts up when other images are drawn

log = logging.getLogger("trainfare")


@dataclass(frozen=True, slots=True)
class Digits:
    """A folder for `torchvision.datasets.MNIST(root, train=…, download=False)`."""

    root: Path
    note: str | None  # what the images are, where they are not MNIST


@cache  # one run must not begin on stand-ins and end on MNIST
def find(data_root: Path | None = None) -> Digits:
    """Where the digits are: in `data_root`, downloaded into it, else stand-ins in the cache.

    Without `data_root` the download goes to the user's cache folder. Raises UsageError where a
    given folder holds damaged or incomplete files, and where a folder can't be written.
    """
    root = cache_folder() / "data" if data_root is None else data_root.expanduser()
    found = _read(root, given=data_root is not None) or _download(root)
    return found or _make_standin(cache_folder() / _STANDIN_FOLDER)


def cache_folder() -> Path:
    """The user's cache folder of this program."""
    from platformdirs import user_cache_path  # late: a training image may lack it

    return user_cache_path("trainfare")


def _read(root: Path, *, given: bool) -> Digits | None:
    """The files in `root`; None where there are none, or where those we wrote are damaged."""
    raw = root / "MNIST" / "raw"
    try:
        if given and root.exists() and not root.is_dir():
            raise UsageError(f"'{root}' is a file. Expected: --data-root FOLDER.")
        missing = idx.missing(raw)
        if not missing:
            idx.unpack(raw)
            count = idx.check(raw)
            return Digits(root, None if mnist.is_real(raw) else _other(count))
    except (OSError, ValueError) as error:
        if given:
            raise UsageError(_unusable(root, _reason(error))) from error
        return None
    if given and len(missing) < len(idx.FILES):
        raise UsageError(_unusable(root, f"{', '.join(missing)} missing in {raw}"))
    return None


def _other(count: int) -> str:
    return f"not MNIST: the data folder's own {count:,} images"


def _download(root: Path) -> Digits | None:
    """MNIST in `root` from the network, None without one. Raises UsageError."""
    if os.environ.get(OFFLINE_VARIABLE):
        return None
    log.info("Looking for MNIST on the network (%s=1 skips this).", OFFLINE_VARIABLE)
    files = mnist.fetch()
    if files is None:
        return None
    try:
        with idx.staged(root / "MNIST" / "raw") as folder:
            for name, content in files.items():
                idx.write_file(folder / name, content)
    except OSError as error:
        raise UsageError(_unwritable("MNIST", root, error)) from error
    log.info("Downloaded MNIST into %s.", root)
    return Digits(root, None)


def _make_standin(root: Path) -> Digits:
    """The stand-in images in `root`, drawn once and again where they are damaged."""
    raw = root / "MNIST" / "raw"
    try:
        if idx.check(raw) == sum(standin.COUNTS.values()):
            return Digits(root, standin.NOTE)
    except (OSError, ValueError):
        pass  # not made so far, or damaged: made below
    log.info("MNIST is not here: making stand-in digits, once, in %s.", root)
    try:
        standin.write(raw)
    except OSError as error:
        raise UsageError(_unwritable("Stand-in digits", root, error)) from error
    return Digits(root, standin.NOTE)


def _unusable(root: Path, reason: str) -> str:
    return (
        f"MNIST in '{root}' can't be used: {reason}. Mend it, or name an empty folder with "
        "--data-root: MNIST is downloaded into it."
    )


def _unwritable(what: str, root: Path, error: OSError) -> str:
    todo = "Free some space" if error.errno == errno.ENOSPC else "Make it writable"
    return (
        f"{what} can't be written to '{root}' ({_reason(error)}). {todo}, or name a folder that "
        "holds MNIST: --data-root FOLDER."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
