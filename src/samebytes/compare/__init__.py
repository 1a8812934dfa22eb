"""What ``samebytes compare`` is: every way from NumPy to a tensor, each in a process of its own."""
