"""Numbers: the values of a graph's nodes, and gradients found from the forward pass alone."""
