"""What is compiled: Numba and nothing else; every line of it runs without the GIL."""
