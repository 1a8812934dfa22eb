"""What to compute, pure: order, draws, windows, transforms and the plan they fold into."""
