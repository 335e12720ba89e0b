"""Is the data what the reference says? Tests that need no idea of a signal, nor a mass."""
