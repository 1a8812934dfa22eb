"""The command line: what can be typed. What it measures and shows lives in `samebytes.report`."""
