"""What only the book knows, as tables: the journal, lots, what was realised, NAV bridges, the books of strategies.

`following.py` folds events and writes down what each one did; `folding.py` begins at the right checkpoint. For sealed
days `keeping.py` keeps that as Parquet, at the evening's commit; `showing.py` puts it together with what came since.
Without Parquet the whole log is folded: slower, and the same.
"""
