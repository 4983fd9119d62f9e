"""The entry point of `trainfare` and of `python -m trainfare`; what goes wrong ends here.

Exit codes: 0 success, 1 regression, 2 usage, 3 no answer possible, 4 over budget,
130 interrupted, 128 + its number after another signal to end.
"""

import errno
import os
import sys
from typing import TYPE_CHECKING

from results.errors import TrainfareError
from trainfare.plain_text import keep_streams_from_failing

if TYPE_CHECKING:
    import click

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit code; a user's mistake is one sentence."""
    keep_streams_from_failing()
    try:
        code = _run()
        sys.stdout.flush()  # here, where it can still be told that it failed
        return code
    except KeyboardInterrupt as stopped:
        sys.stderr.write("\ntrainfare: interrupted; records kept before stay as they are.\n")
        return getattr(stopped, "exit_code", INTERRUPTED)
    except BrokenPipeError:
        # The reader (`| head`) has gone: nothing is wrong, and nobody is left to be told.
        _discard_stdout()
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        _discard_stdout()
        sys.stderr.write(f"trainfare: Cannot write the answer: {error.strerror}. Make room.\n")
        return 2


def _run() -> int:
    import click

    from trainfare.app import app

    try:
        code = app.main(prog_name="trainfare", standalone_mode=False)
    except TrainfareError as error:
        sys.stderr.write(f"trainfare: {error}\n")
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        sys.stderr.write(f"trainfare: {_sentence(error)}\n")
        return error.exit_code
    except click.Abort as abort:  # its cause is what was raised, or the end of the input
        cause = abort.__cause__
        raise cause if isinstance(cause, KeyboardInterrupt) else KeyboardInterrupt from None
    except SystemExit:  # click's own answer to a reader that has gone, with exit code 1
        raise BrokenPipeError from None
    return code if isinstance(code, int) else 0


def _sentence(error: "click.ClickException") -> str:
    """What was given, what was expected and what to do, of click's own errors."""
    text = error.format_message().strip().replace("\n", " ")
    context = getattr(error, "ctx", None)
    text = text if text.endswith((".", "?")) else f"{text}."
    return f"{text} See: {context.command_path} --help" if context else text


def _discard_stdout() -> None:
    """Or Python tries to write what is left once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
