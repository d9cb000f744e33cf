"""Neural-network layers with their gradients, and the Adam optimiser."""
