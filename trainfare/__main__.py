"""The entry point of `trainfare` and of `python -m trainfare`; what goes wrong ends here.

Exit codes: 0 success, 1 regression, 2 usage, 3 no answer possible, 4 over budget,
130 interrupted.
"""

import os
import sys

from results.errors import TrainfareError


def main() -> int:
    """Run the command line and return its exit code; a user's mistake is one sentence."""
    from trainfare.app import app

    try:
        app(prog_name="trainfare")
    except TrainfareError as error:
        sys.stderr.write(f"trainfare: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        # The reader (`| head`) has gone: nothing is wrong, and nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as end:
        if end.code == 130:
            sys.stderr.write("\ntrainfare: interrupted; records kept before stay as they are.\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
