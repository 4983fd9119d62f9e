"""`--source DIR`: which of its files travel with a job; what must not, stops the submit by name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.secrets_check import refuse_secrets
from results.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".trainfareignore"  # if it is there, .gitignore is not read
# Never part of a source, whatever the rules say; `!` in the ignore file takes one back in.
ALWAYS = (
    ".git/", ".hg/", ".svn/", "__pycache__/", "*.py[co]", ".venv/", "venv/", "node_modules/",
    ".ipynb_checkpoints/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".tox/", ".DS_Store",
    "trainfare-results/", "trainfare.toml", IGNORE_FILE,
)  # fmt: skip
MAX_FILES, MAX_BYTES = 10_000, 100 * 2**20  # data belongs in a bucket, not in the source


def files_of(folder: Path) -> dict[str, bytes]:
    """The files below `folder` that travel, by their name with `/`.

    Left out are those that `.trainfareignore` names, in .gitignore's own language, or where there
    is none, every `.gitignore` on the way; and what is never source (`ALWAYS`). Raises UsageError
    for a folder that cannot be read, a link or device, a secret, and too many or too large files.
    """
    if not folder.is_dir():
        raise UsageError(
            f"--source {str(folder)!r} is no folder. Give the one that holds the code."
        )
    found: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    total = 0
    for path in _walk(folder, folder, [_rules(folder)]):
        name = path.relative_to(folder).as_posix()
        sizes[name] = path.stat().st_size
        total += sizes[name]
        if total > MAX_BYTES or len(sizes) > MAX_FILES:
            raise UsageError(_too_large(folder, sizes))
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"{str(path)!r} cannot be read ({error.strerror}). {_leave_out(name)}"
            ) from None
    refuse_secrets(found)
    return found


def _walk(folder: Path, root: Path, rules: list[tuple[str, "GitIgnoreSpec"]]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{str(folder)!r} cannot be read ({error.strerror}).") from None
    for entry in entries:
        path = Path(entry.path)
        name = path.relative_to(root).as_posix()
        is_folder = entry.is_dir(follow_symlinks=False)
        if _ignored(name + "/" * is_folder, rules):
            continue
        if is_folder:
            own = [] if (root / IGNORE_FILE).is_file() else _gitignore(path, root)
            yield from _walk(path, root, rules + own)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            raise UsageError(
                f"{str(path)!r} is a link or device, which does not travel. {_leave_out(name)}"
            )


def _ignored(name: str, rules: list[tuple[str, "GitIgnoreSpec"]]) -> bool:
    """As git decides: the innermost file that says anything about the name has the last word."""
    for base, spec in reversed(rules):
        verdict = spec.check_file(name[len(base) :]).include
        if verdict is not None:
            return verdict
    return False


def _rules(root: Path) -> tuple[str, "GitIgnoreSpec"]:
    from pathspec import GitIgnoreSpec

    own = root / IGNORE_FILE
    lines = _lines(own if own.is_file() else root / ".gitignore")
    return "", GitIgnoreSpec.from_lines([*ALWAYS, *lines])


def _gitignore(folder: Path, root: Path) -> list[tuple[str, "GitIgnoreSpec"]]:
    from pathspec import GitIgnoreSpec

    lines = _lines(folder / ".gitignore")
    base = folder.relative_to(root).as_posix() + "/"
    return [(base, GitIgnoreSpec.from_lines(lines))] if lines else []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} cannot be read as ignore rules ({error}).") from None


def _leave_out(name: str) -> str:
    return f"Leave it out: add {name} to {IGNORE_FILE}."


def _too_large(folder: Path, sizes: dict[str, int]) -> str:
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    return (
        f"--source {str(folder)!r} holds more than {MAX_BYTES // 2**20} MiB or {MAX_FILES} files; "
        f"the largest so far: {', '.join(largest)}. Name what does not belong to the code in "
        f"{IGNORE_FILE}; data belongs in a bucket."
    )
