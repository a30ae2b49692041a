"""The broker's statements, read strictly: bytes in, facts and observations out, or one error that names file and line.

Flex XML (activity, trade confirmations) and the activity statement as CSV (English) are read into a `Statement`.
Nothing is read of a file of which anything that may be money is not understood. Pure: no clock, no float, no file.

To read another section of a Flex file: write its function in the file of its group (trades.py, cash.py, actions.py,
positions.py, nav.py, accruals.py, taxes.py, transfers.py, variation.py, securities.py) and add its `Section`, with the
attributes that it reads and those that carry no money, to that file's tuple. To read it from CSV as well, say in
`csv_columns.py` which Flex attribute each of its columns is.
"""

from __future__ import annotations

from reconcile.statements.formats import read
from reconcile.statements.joining import joined
from reconcile.statements.statement import (
    ClosedLot,
    Funds,
    Held,
    Observed,
    Statement,
    StatementError,
    UnknownStatement,
)

__all__ = (
    "ClosedLot", "Funds", "Held", "Observed", "Statement", "StatementError", "UnknownStatement", "joined", "read",
)  # fmt: skip
