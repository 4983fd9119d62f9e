"""Runs the command line in forks of one process that has loaded the libraries: each command is a
process with streams, environment and folder of its own, without the seconds that imports take."""

import functools
import multiprocessing
import os
import sys
import tempfile
import time
from importlib import import_module
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

TOLD = "TRAINFARE_TESTS_FORKS"  # where workers of pytest-xdist find the process that they share
_SHARED = os.environ.get(TOLD)


def share() -> None:
    """Start the process that loads the libraries, once for all workers that start after it."""
    _forks()
    os.environ[TOLD] = forkserver._forkserver._forkserver_address  # type: ignore[attr-defined]


@functools.cache
def _forks() -> Any:
    """Start the process that loads the libraries. It finds them by PYTHONPATH only."""
    made = multiprocessing.get_context("forkserver")
    server: Any = forkserver._forkserver  # type: ignore[attr-defined]
    if _SHARED:
        server._forkserver_address = _SHARED
        server._forkserver_alive_fd = os.open(os.devnull, os.O_WRONLY)  # it is not ours to end
        server.ensure_running = resource_tracker.ensure_running
        return made
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


TRAINFARE = "trainfare.__main__"


class Command:
    """`python -m trainfare WORDS`, or the `main` of another module, in the folder, running."""

    def __init__(
        self,
        words: tuple[str, ...],
        folder: Path,
        environ: dict[str, str],
        own_session: bool = False,
        module: str = TRAINFARE,
    ) -> None:
        self._words = words
        self._kept = tempfile.TemporaryDirectory()
        self._out, self._err = Path(self._kept.name, "out"), Path(self._kept.name, "err")
        told = (module, words, folder, environ, own_session, self._out, self._err)
        self._process = _forks().Process(target=_command, args=told)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process; with a session of its own also that of its group."""
        return int(self._process.pid)

    @property
    def returncode(self) -> int | None:
        """Exit code, negative where a signal killed it, None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def send_signal(self, number: int) -> None:
        """As Popen's."""
        os.kill(self.pid, number)

    def wait_for(self, words: str, seconds: float = 120) -> None:
        """Until it says these words."""
        end = time.monotonic() + seconds
        while words not in (said := self._read(self._out) + self._read(self._err)):
            if self.returncode is not None or time.monotonic() > end:
                raise AssertionError(f"{words!r} did not come: {said}")
            time.sleep(0.02)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it said on stdout and stderr, when it has ended."""
        self._process.join(timeout)
        if self.returncode is None:
            self.kill()
            raise TimeoutError(f"{self._words} ran {timeout} s: {self._read(self._err)}")
        return self._read(self._out), self._read(self._err)

    def kill(self) -> None:
        """End it, and what it said."""
        self._process.kill()
        self._process.join()

    def _read(self, path: Path) -> str:
        return path.read_text(errors="replace") if path.exists() else ""


def start(words: tuple[str, ...], folder: Path, environ: dict[str, str]) -> Command:
    """The command in a session of its own, to be told signals."""
    return Command(words, folder, environ, own_session=True)


def run(words: tuple[str, ...], folder: Path, environ: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `python -m trainfare WORDS` in the folder."""
    command = Command(words, folder, environ)
    out, err = command.communicate(240)
    assert command.returncode is not None
    return command.returncode, out, err


def left_running(folder: Path) -> list[int]:
    """The processes in a test's own folder: whatever a command started there, however named."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if path.joinpath("cwd").readlink() == folder:
                found.append(int(path.name))
        except OSError:
            continue
    return found


def _command(
    module: str,
    words: tuple[str, ...],
    folder: Path,
    environ: dict[str, str],
    own_session: bool,
    out: Path,
    err: Path,
) -> None:
    """In the fork: become the command."""
    multiprocessing.set_start_method(None, force=True)  # a loader's workers come as to a user
    if own_session:
        os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
    if "PYTHONIOENCODING" in environ:  # which Python itself reads only when it starts
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding=environ["PYTHONIOENCODING"])  # type: ignore[union-attr]
    sys.argv = [module.split(".")[0], *words]
    sys.path.insert(0, str(folder))
    sys.exit(import_module(module).main())
