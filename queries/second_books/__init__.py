"""The second bookkeeping, in SQL from the log's lines: whether it agrees with the book.

`summing.py` is the bookkeeping, `questions.py` its SQL, `checking.py` the chain, `comparing.py` the comparison.
"""

from queries.second_books.comparing import Difference, break_of, compare, differences
from queries.second_books.summing import Fifo, OpenLot, SecondBooks, SecondBooksUnknown, second_books

__all__ = [
    "Difference", "Fifo", "OpenLot", "SecondBooks", "SecondBooksUnknown", "break_of", "compare", "differences",
    "second_books",
]  # fmt: skip
