"""`tallybook serve`: the home as a small site on loopback, which can only be read.

A page is a function from an `Edition` (what the log says up to one line) and what was asked to a `Page`; it knows
nothing of HTTP. `site.py` serves them, `guard.py` lets in who may ask, `rendering.py` makes HTML of them. To add one:
write its function in the file of its subject, name it in that file's `ROUTES`, and write `templates/NAME.html.j2`.
"""
