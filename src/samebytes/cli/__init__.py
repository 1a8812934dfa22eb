"""The command line: what can be typed. What a command does lives in a folder of its own."""
