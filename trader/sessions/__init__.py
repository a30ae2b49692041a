"""The packaged session tables, one file an exchange, and the script that writes them."""
