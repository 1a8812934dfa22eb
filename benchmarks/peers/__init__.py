"""The library's jobs beside every peer that is installed, all in turns."""
