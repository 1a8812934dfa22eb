"""What somebody else would write: a transform and a formatter, a file each."""
