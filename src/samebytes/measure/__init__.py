"""The kit of measurements: the machine, memory, what a call costs, and figures in words."""
