"""Client libraries that are not ours, each in an environment of its own, and what they do at the simulator.

A program here is run by `test_peers.py` with nothing but the library beside it; it prints what it was told, as JSON.
To try another library: a program that prints the same words, and its row in `environments.PEERS`.
"""
