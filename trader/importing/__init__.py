"""Taking statements into a home: read whole, tried on a copy of the book, then recorded; or nothing of them.

A fresh home begins with what the account held before the first day (`opening.py`, `pieces.py`, `units.py`); on top of a
log that has begun only what is new is recorded, and the broker's word takes the place of what was inferred
(`fitting.py`). The file itself is kept by its hash. To import something else, make a `Statement` of it
(`reconcile/statements/`).
"""

from __future__ import annotations

from trader.importing.files import File, StatementRefused, read_file
from trader.importing.taking import Expected, Imported, batches_of, take_in

__all__ = ["Expected", "File", "Imported", "StatementRefused", "batches_of", "read_file", "take_in"]
