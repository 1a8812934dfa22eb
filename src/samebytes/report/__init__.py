"""What a person sees measured: the ways from NumPy to a tensor, and the demonstration."""
