"""A network and its gradients as statements of Python."""
