"""The benchmark: the library's jobs beside every peer that is installed."""
