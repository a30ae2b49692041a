"""`tallybook audit`: a recorded day decided again.

`stages.py` lists what a cycle decides, and decides each anew from the book as it stood and from the inputs as they
were kept (`inputs.py`); `comparing.py` names the first digit that differs; `judging.py` walks a day with both,
`following.py` keeps what it saw; `environment.py` tells changed code from a changed record. `otherwise.py` decides a
day under other settings or without a safeguard, `why.py` follows one contract through its cycles, `periods.py` audits
many days, `telling.py` prints.
"""

from trader.audit.judging import Judge
from trader.audit.periods import audit_day

__all__ = ["Judge", "audit_day"]
