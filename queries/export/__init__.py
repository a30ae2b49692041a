"""`tallybook export`: the books for other programs.

`gathering.py` replays the log; `transactions.py` makes dated transactions of what the book then says, `lots.py` gives
each open lot a label and a cost per unit, `accounts.py` names accounts and commodities; `beancount.py` and `hledger.py`
spell them. `tables.py` writes the events themselves, as CSV or Parquet. To add a format: write a function from
transactions to text, and a command in `trader/commands/export.py`.
"""
