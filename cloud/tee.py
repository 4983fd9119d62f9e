"""Runs a command so that what it says goes on as it comes and is kept in a file as well."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO

MAX_LOG_BYTES = 64 * 2**20  # of the file; the service's own log goes on
CHUNK_BYTES = 2**16


def run_and_keep(
    command: list[str], environment: Mapping[str, str], folder: Path, log: Path
) -> int:
    """The exit code of `command`, 128 + n where signal n ended it.

    SIGTERM and SIGINT, by which a service announces the end, are passed on, and the command has
    the time that the service gives. A log that cannot be written never ends a training.
    """
    sys.stderr.write(f"trainfare: {shlex.join(command)}\n")
    sys.stderr.flush()
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:

        def pass_on(number: int, _frame: FrameType | None) -> None:
            child.send_signal(number)

        before = {n: signal.signal(n, pass_on) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            _copy(child, log)
            code = child.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _copy(child: "subprocess.Popen[bytes]", log: Path) -> None:
    assert child.stdout is not None  # noqa: S101 - opened above with a pipe
    source = child.stdout.fileno()
    kept, left_bytes = _opened(log), MAX_LOG_BYTES
    try:
        while chunk := os.read(source, CHUNK_BYTES):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            if kept is not None:
                left_bytes -= len(chunk)
                kept = _kept(kept, chunk, left_bytes)
    finally:
        if kept is not None:
            kept.close()


def _opened(log: Path) -> IO[bytes] | None:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab", buffering=0)  # after an interruption the log goes on
    except OSError as error:
        sys.stderr.write(f"trainfare: {log} cannot be written: {error.strerror}. Going on.\n")
        return None


def _kept(log: IO[bytes], chunk: bytes, left_bytes: int) -> IO[bytes] | None:
    try:
        if left_bytes >= 0:
            log.write(chunk)
            return log
        log.write(b"\ntrainfare: the log is not kept beyond this point\n")
    except OSError as error:
        sys.stderr.write(f"trainfare: the log is not kept on: {error.strerror}.\n")
    log.close()
    return None
