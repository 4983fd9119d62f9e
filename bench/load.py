"""From a reference such as `cnn` or `train.py:make` to the workload; every mistake one sentence."""

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import cast

from bench import importing
from bench.reference import parse
from bench.workload import Workload
from results.errors import TrainfareError, UsageError, near

Factory = Callable[[], Workload]

MAX_IMAGE_SIZE = 4096
MAX_WORKERS = 256
_METHODS = ("prepare", "step", "synchronize")


def factory(reference: str, options: Mapping[str, object] | None = None) -> Factory:
    """The function that makes the workload afresh at each call; a user's file is run once, here.

    `options` are `data_root`, `image_size` and `workers`, as text or as what they are, None where
    not given; they go to factories that take a parameter of that name. Raises UsageError for a
    reference that leads nowhere and for options that are not taken or out of range; the factory
    raises it where the user's function fails or returns no workload.
    """
    given = _valid_options(options or {})
    function = _find(reference)
    _check_arguments(reference, function, given)
    return partial(_made, reference, function, given)


def make(reference: str, **options: object) -> Workload:
    """The workload that `reference` names. Options and errors are those of `factory`."""
    return factory(reference, options)()


def _find(reference: str) -> Callable[..., object]:
    """The function that `reference` names; a user's file or module is imported."""
    parsed = parse(reference)
    if parsed.kind == "known":
        known: Callable[..., object] = importlib.import_module(parsed.place).workload
        return known
    if parsed.kind == "torchvision":
        from bench.workloads import image_model

        return image_model.named(parsed.place)
    load = importing.load_file if parsed.kind == "file" else importing.load_module
    module = load(parsed.place)
    if not hasattr(module, parsed.name):
        raise UsageError(_no_attribute(parsed.place, parsed.name, module))
    found: object = getattr(module, parsed.name)
    if not callable(found):
        raise UsageError(
            f"'{reference}' is no function but a value of type {type(found).__name__}. Expected: a "
            "function that returns a fresh workload at each call."
        )
    return found


def _valid_options(options: Mapping[str, object]) -> dict[str, object]:
    """The given options as what factories expect."""
    read = {"data_root": _data_root, "image_size": _image_size, "workers": _workers}
    unknown = sorted(set(options) - set(read))
    if unknown:
        raise UsageError(f"'{unknown[0]}' is no option of a workload. {near(unknown[0], read)}")
    return {name: read[name](value) for name, value in options.items() if value is not None}


def _data_root(value: object) -> Path:
    if not str(value):
        raise UsageError("'' is no folder. Expected: --data-root FOLDER.")
    return Path(str(value))


def _image_size(value: object) -> int:
    text = str(value)
    if not re.fullmatch("[1-9][0-9]{0,3}", text) or int(text) > MAX_IMAGE_SIZE:
        raise UsageError(
            f"'{value}' is no image size. Expected: --image-size from 1 to {MAX_IMAGE_SIZE}."
        )
    return int(text)


def _workers(value: object) -> int:
    text = str(value)
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) > MAX_WORKERS:
        raise UsageError(
            f"'{value}' is no number of workers. Expected: --workers from 0 to {MAX_WORKERS}."
        )
    return int(text)


def _check_arguments(
    reference: str, function: Callable[..., object], given: Mapping[str, object]
) -> None:
    """Whether the function takes what is given and needs nothing else."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some written in C tell nothing
        parameters = []
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    for name in given:
        if name not in named and not takes_any:
            raise UsageError(f"'{reference}' takes no {_flag(name)}. Leave it out.")
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    lacking = [name for name in needed if name not in given]
    flags = [_flag(name) for name in lacking if name in ("data_root", "image_size", "workers")]
    if lacking and len(flags) == len(lacking):
        raise UsageError(f"'{reference}' needs {' and '.join(flags)}. Add it.")
    if lacking:
        raise UsageError(
            f"'{reference}' needs arguments that nothing gives: {', '.join(lacking)}. "
            "Give them defaults, or name another function that takes none."
        )


def _made(reference: str, function: Callable[..., object], given: Mapping[str, object]) -> Workload:
    """What the function returns, if it is a workload."""
    try:
        made = function(**given)
    except TrainfareError:
        raise
    except (Exception, SystemExit) as error:
        file = getattr(getattr(function, "__code__", None), "co_filename", None)
        raise UsageError(
            f"'{reference}' failed{importing.line_in(file, error)} with {importing.what(error)}. "
            "Mend it and try again."
        ) from error
    if isinstance(made, type):
        raise UsageError(
            f"'{reference}' returned the class {made.__name__}, not a workload. Return "
            f"{made.__name__}() instead."
        )
    lacking = [name for name in _METHODS if not callable(getattr(made, name, None))]
    if lacking:
        raise UsageError(
            f"'{reference}' returned a {type(made).__name__}, which is no workload: it lacks "
            f"{', '.join(f'{name}()' for name in lacking)}. Return a bench.TorchWorkload, or an "
            "object with these methods."
        )
    return cast(Workload, made)  # the figures of the protocol are known only once it is prepared


def _no_attribute(place: str, name: str, module: ModuleType) -> str:
    own = [
        key
        for key, value in vars(module).items()
        if callable(value)
        and not key.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]
    hint = near(name, own) if own else "It defines no function."
    return f"'{place}' has no '{name}'. {hint}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
