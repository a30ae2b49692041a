"""The comparer: our figures beside the broker's, over the union of what both know; one for the API and for a statement.

`rows.py` pairs two tables of figures and knows how far apart each kind may be, and why. `api.py` and `statement.py` say
what our side and each of the two sources hold; `findings.py` makes a break of what differs by the API, with what
follows from it. To compare something more: its kind in `KINDS`, a function in the file of each source that tells it,
and for the API what follows, in `CONSEQUENCES`.
"""
