"""How a plan is computed: compiled kernels and what drives them."""
