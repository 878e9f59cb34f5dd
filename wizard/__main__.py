"""`python -m wizard` is the same command as `dbtls`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    from wizard.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
