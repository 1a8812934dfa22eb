"""What is a script, run with a backend of Keras' in a process of its own, is not to be imported."""

collect_ignore = ["addresses.py"]
