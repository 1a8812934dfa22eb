"""Feeding from a file that does not fit in memory, beside bare reads of the same bytes."""
