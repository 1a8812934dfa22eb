"""The scripts are run, each in a process of its own; they are no tests to be imported."""

collect_ignore = ["scripts"]
