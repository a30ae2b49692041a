"""What is claimed to be fast, measured beside a peer or a physical limit, in one run.

`make bench` runs every benchmark of `BENCHMARKS` in `__main__.py`; `make soak` runs `soak.py`. Their results are
written into docs/. To add a benchmark: a file with `run() -> Iterator[str]`, and its line in `BENCHMARKS`.
"""
