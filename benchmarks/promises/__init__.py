"""What the library must reach, measured against what people use today."""
