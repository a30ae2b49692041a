"""Many accounts: each a home of its own, with its own log and its own writer; a fleet only asks them all.

`accounts.py` reads which there are, `asking.py` has a command run in each, `totals.py` puts together where they stand.
Nothing of one account is known to another, and none waits for another.
"""
