"""`python -m trader.commands`: the command, where it is not installed as `tallybook`."""

import sys

from trader.commands import main

if __name__ == "__main__":
    sys.exit(main())
