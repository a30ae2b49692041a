"""The same pure functions for every account, on an engine: the processes of this machine, or a Spark cluster.

`tasks.py` lists what may be asked of one account's history, `deciding.py` the ones that decide it again;
`sealed_home.py` is the history that they are asked of: the sealed days, so that a home and an archive say the same.
`local.py` and `spark.py` run a task for many accounts. Each account is a line of canonical JSON: which engine ran it
changes no byte. To add a task: a function in one of the two, its line in `TASKS`. To add an engine: a function that
yields the lines of accounts.
"""
