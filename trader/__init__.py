"""What to do: the cycle, its broker, its safeguards, its commands."""
