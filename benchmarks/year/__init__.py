"""A year of two strategies on five real stocks, unattended, with faults injected at random.

`python -m benchmarks.year [--sessions N] [--seed N] [--modify]`, or `make soak`. Each cycle is run as the parent has it
run (in this process, for speed; while a fault is injected, by the real processes), with the real client library over a
socket, the venue a process of its own, and a real mail server.

`world.py` home, venue, mailbox, and how a start goes · `faults.py` what goes wrong, a kind a row; to add one, write it
there · `course.py` the year, session by session, and what is checked · `telling.py` its summary · `running.py` one
mode's run.
"""
