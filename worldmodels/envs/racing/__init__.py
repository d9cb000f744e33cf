"""A small racing environment in NumPy: a car on a raster road."""
