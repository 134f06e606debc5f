"""A network of our own for the CPU: weights in 8 bits, projections fused, nothing between the tensors but torch."""
