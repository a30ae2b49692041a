"""The archive: sealed days of any number of accounts as one Delta Lake table, and the evidence that they name.

    URI/events      the table, partitioned by account and month; a row is a line of a log
    URI/evidence    ab/abcd….csv: what decisions were made from, by hash, whoever named it

`writing.py` puts a home's sealed days in, each exactly once; `reading.py` gives them back, as lines and as a home;
`typed.py` shows them as the typed tables and the views of SQL; `table.py` holds the columns, `stores.py` where it lies,
`evidence.py` the files, `comparing.py` what was written beside what was sealed. Everything but the table's own
bookkeeping can be read without us: docs/archive.md says how. deltalake and pyarrow are imported late.
"""
