"""`python -m trader.simulator`: see process.py."""

import sys

from trader.simulator.process import main

sys.exit(main())
