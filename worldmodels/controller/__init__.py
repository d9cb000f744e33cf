"""C: a linear policy, or one with a hidden layer, on z or on z and h."""
