"""Names users already know, on this engine."""
