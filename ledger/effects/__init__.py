"""What each fact does to the book: one function a fact type, in the file of its group.

A function takes the state and the event; it raises `Impossible` before it has changed anything, or applies it whole.
To give a new fact its effect: write the function, add it to the `EFFECTS` of its file; `ledger/book.py` composes them.
"""
