"""Pages: what the account did on a day, in a month, at the market; each as text, JSON and HTML from the same figures.

`stretch.py` reads some days of the log once; `orders.py`, `limits.py`, `profits.py` and `benchmark.py` are what it
comes to, by subject. `account.py` is the page of a day, a month or any days, with its parts in `course.py`, `days.py`,
`positions.py` and `happenings.py`; `execution.py` that of orders and fills; `tables.py` makes a page of any report that
is a table. All are put together out of `queries.sections`, and `drawing.py` draws. To add a page: a function that
returns a `Report`, and its command in `trader/commands/report.py`.
"""
