"""What is asked of a file: which samples, in which order, and how to tell that they are right."""
