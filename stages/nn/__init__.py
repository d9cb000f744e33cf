"""What V and M are made of: parameters, layers with their gradients, Adam."""
