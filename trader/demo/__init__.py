"""The demo: ten sessions of real prices against the simulated venue, through the command that cron would start.

`show.py` is the course of it; the venue, the home and the mailbox are set up in files of their own; `tally.py` compares
both halves to the last digit; `table.py` is what is printed.
"""
