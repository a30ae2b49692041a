"""The proof of the reconciler: every cause injected at the venue, and graded by what the reconciler says of it.

`world.py` is an account at the simulated venue and the ledger beside it; `kinds/` injects; `grading.py` holds what was
said against what happened; `cases.py` draws cases from a seed; `page.py` writes the result into
docs/reconciliation.md. Nothing here uses a constant or code of `reconcile/causes/`.
"""
