"""What happened: facts, the log that keeps them, and the book that they imply."""
