"""Runs the command line in forks of one process that has loaded the libraries: each command is a
process with streams, environment and folder of its own, without the seconds that imports take."""

import functools
import multiprocessing
import os
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from typing import Any


@functools.cache
def _forks() -> Any:
    """Start the process that loads the libraries. It finds them by PYTHONPATH only."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["fakes.preloaded"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return made


def run(words: tuple[str, ...], folder: Path, environ: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `python -m trainfare WORDS` in the folder."""
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept, "out"), Path(kept, "err")
        process = _forks().Process(target=_command, args=(words, folder, environ, out, err))
        process.start()
        process.join(240)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{words} still runs after 240 s: {err.read_text()}")
        return process.exitcode, out.read_text(), err.read_text()


def _command(
    words: tuple[str, ...], folder: Path, environ: dict[str, str], out: Path, err: Path
) -> None:
    """In the fork: become the command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
    if "PYTHONIOENCODING" in environ:  # which Python itself reads only when it starts
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding=environ["PYTHONIOENCODING"])  # type: ignore[union-attr]
    sys.argv = ["trainfare", *words]
    sys.path.insert(0, str(folder))
    from trainfare.__main__ import main

    sys.exit(main())
