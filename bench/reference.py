"""What a workload is called, `mlp` or `path/to/file.py:factory`, read without importing torch."""

import ast
import hashlib
import keyword
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Literal

from results.errors import UsageError, near

KNOWN = {
    "mlp": "bench.workloads.mlp",
    "cnn": "bench.workloads.cnn",
    "rnn": "bench.workloads.rnn",
}
FORMS = f"{', '.join(KNOWN)}, torchvision:MODEL, path/to/file.py:FACTORY or package.module:FACTORY"

_TORCHVISION = "torchvision"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference taken apart: `place` is a module, a file or a model, `name` the factory in it."""

    text: str
    kind: Literal["known", "torchvision", "file", "module"]
    place: str
    name: str


def parse(reference: str) -> Reference:
    """Take a reference apart. Raises UsageError where it has none of the known forms."""
    if reference in KNOWN:
        return Reference(reference, "known", KNOWN[reference], "workload")
    place, colon, name = reference.rpartition(":")
    if not colon:
        raise UsageError(_without_factory(reference))
    if place == _TORCHVISION:
        if not name:
            raise UsageError(f"'{reference}' names no model. Expected: torchvision:MODEL.")
        return Reference(reference, "torchvision", name, "workload")
    if not _is_name(name):
        raise UsageError(f"'{reference}' names no factory. Expected: {place}:FACTORY.")
    if place.endswith(".py"):
        return Reference(reference, "file", place, name)
    if all(_is_name(part) for part in place.split(".")):
        return Reference(reference, "module", place, name)
    raise UsageError(f"'{place}' is neither a Python file nor a module. Expected: {FORMS}.")


def source_digest(reference: str) -> str | None:
    """SHA-256, in hex, of the file that defines the workload; nothing is imported or run.

    None for our own and torchvision's, and for a module without a source file. What the file
    imports is not looked at. Raises UsageError where there is no such file or module.
    """
    parsed = parse(reference)
    if parsed.kind == "file":
        return _digest(source_file(parsed.place))
    if parsed.kind != "module":
        return None
    # The current folder first, as when it is loaded; a console script's path lacks it.
    spec = find_module(parsed.place, [str(Path.cwd()), *sys.path])
    if spec is None:
        raise UsageError(no_module(parsed.place))
    return _digest(Path(spec.origin)) if spec.has_location and spec.origin else None


def source_file(place: str) -> Path:
    """The absolute path of a Python file. Raises UsageError where there is none."""
    path = Path(place).expanduser()
    if path.is_file():
        return path.resolve()
    if path.is_dir():
        raise UsageError(f"'{place}' is a folder. Expected: path/to/file.py:FACTORY.")
    siblings = [str(other) for other in sorted(path.parent.glob("*.py"))]
    hint = f" {near(place, siblings)}" if siblings else ""
    raise UsageError(f"There is no file '{place}'.{hint} Expected: path/to/file.py:FACTORY.")


def find_module(name: str, search: Sequence[str]) -> ModuleSpec | None:
    """Where the module `name` would be imported from, were `search` the `sys.path`.

    Unlike `importlib.util.find_spec` this runs no code of the packages around it.
    """
    parts, where = name.split("."), list(search)
    spec = None
    for depth in range(1, len(parts) + 1):
        spec = _find_one(".".join(parts[:depth]), where, depth == 1)
        if spec is None:
            return None
        where = list(spec.submodule_search_locations or [])
    return spec


def _find_one(name: str, where: list[str], is_top: bool) -> ModuleSpec | None:
    spec = PathFinder.find_spec(name, where)
    # Built-in modules and packages installed in place are known to other finders.
    others = [finder for finder in sys.meta_path if finder is not PathFinder]
    for finder in others:
        spec = spec or finder.find_spec(name, None if is_top else where)
    return spec


def no_module(name: str) -> str:
    """The sentence for a module that can't be found."""
    return (
        f"There is no module '{name}', neither installed beside trainfare nor in '{Path.cwd()}'. "
        "Install it there, or give its file: path/to/file.py:FACTORY."
    )


def _without_factory(reference: str) -> str:
    if not reference.endswith(".py"):
        return f"'{reference}' is no workload. {near(reference, KNOWN)} Expected: {FORMS}."
    found = _functions(source_file(reference))
    example = " or ".join(f"{reference}:{name}" for name in found[:3]) or f"{reference}:FACTORY"
    return f"'{reference}' names no function that returns the workload. Expected: {example}."


def _functions(path: Path) -> list[str]:
    """Names of the public functions in a file, if it can be read at all."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if not name.startswith("_")]


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"Cannot read '{path}': {error.strerror}.") from error
