"""The other side of the wire: an IB Gateway that speaks TWS, with an account and a market of its own."""
