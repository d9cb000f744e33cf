"""ViZDoom's Take Cover as a vector environment."""
