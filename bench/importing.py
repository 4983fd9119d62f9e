"""Imports a user's file or module, and turns what goes wrong into one sentence."""

import importlib
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from bench import reference
from results.errors import UsageError

_LOADERS = "Original Traceback (most recent call last):"  # torch's ExceptionWrapper
_NOT_THE_USERS = (Path(__file__).parent, Path(sysconfig.get_path("stdlib")))


def load_file(place: str) -> ModuleType:
    """Run the Python file `place` as a module and return it. Raises UsageError.

    Its folder is first on `sys.path` meanwhile, so that it finds the files beside it as if it were
    started itself. Afterwards the folder stays, but last: imports inside functions and loader
    processes still find those files, and a neighbour called `random.py` hides nothing.
    """
    path = reference.source_file(place)
    name = _module_name(path)
    spec = spec_from_file_location(name, path, loader=SourceFileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise UsageError(f"'{place}' is no Python file. Expected: path/to/file.py:FACTORY.")
    module = module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    try:
        with _folder_first(path.parent):
            spec.loader.exec_module(module)
    except BaseException as error:
        _put_back(name, before)
        if isinstance(error, (Exception, SystemExit)):
            raise UsageError(_failed_import(place, error)) from error
        raise
    return module


def load_module(name: str) -> ModuleType:
    """Import the module `name`, from the current folder too. Raises UsageError."""
    try:
        with _folder_first(Path.cwd()):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(reference.no_module(name)) from error
        raise UsageError(_failed_import(name, error)) from error
    except (Exception, SystemExit) as error:
        raise UsageError(_failed_import(name, error)) from error


def what(error: BaseException) -> str:
    """Type and first line of an exception: `'ValueError: no such layer'`."""
    text = first_line(error)
    return f"'{type(error).__name__}{': ' + text if text else ''}'"


def first_line(error: BaseException) -> str:
    """What an exception says, in one line; of a loader's process the last one, as the others are
    its traceback."""
    lines = str(error).strip().splitlines() or [""]
    return lines[-1 if _LOADERS in lines else 0][:200]


def line_in(file: str | None, error: BaseException) -> str:
    """` in line 12` of `file`, where the exception passed through it."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f" in line {lines[-1]}" if lines else ""


def own_place(error: BaseException) -> str:
    """` in train.py, line 12,` where the exception left the user's own code, the last file on its
    way that is neither Python's, nor a package's, nor ours; empty where there is none."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    # What a loader's process raised comes with its traceback as text (torch.utils.data).
    frames += re.findall(r'^  File "(.+?)", line (\d+)', str(error), re.MULTILINE)
    own = [frame for frame in frames if _is_users(frame[0])]
    if not own:
        return ""
    file, line = own[-1]
    path, here = Path(file), Path.cwd()
    return f" in {path.relative_to(here) if path.is_relative_to(here) else path}, line {line},"


def _is_users(file: str) -> bool:
    if file.startswith("<") or {"site-packages", "dist-packages"} & set(Path(file).parts):
        return False
    return not any(Path(file).is_relative_to(folder) for folder in _NOT_THE_USERS)


def _module_name(path: Path) -> str:
    """The file's own name where no other module has it, else one that is its own.

    Under its own name a loader process started afresh can import it again.
    """
    stem = path.stem
    taken = sys.modules.get(stem)
    if taken is not None:
        is_free = getattr(taken, "__file__", None) == str(path)
    else:
        spec = reference.find_module(stem, sys.path)
        is_free = spec is None or (spec.has_location and Path(str(spec.origin)).resolve() == path)
    return stem if is_free else f"{stem}_{sha256(str(path).encode()).hexdigest()[:8]}"


@contextmanager
def _folder_first(folder: Path) -> Iterator[None]:
    entry = str(folder)
    had = entry in sys.path
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
        if not had:
            sys.path.append(entry)


def _put_back(name: str, before: ModuleType | None) -> None:
    if before is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = before


def _failed_import(place: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})" if error.lineno else ""
        return f"'{place}' is no valid Python: '{error.msg}'{where}. Mend it and try again."
    if isinstance(error, SystemExit):
        return (
            f"'{place}' ends the program when it is imported. Put what it runs under "
            "`if __name__ == '__main__':`."
        )
    file = str(Path(place).expanduser().resolve())
    return (
        f"'{place}' can't be imported{line_in(file, error)}: {what(error)}. Mend it and try again."
    )
