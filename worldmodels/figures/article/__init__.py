"""The article: a story in six experiments, in one HTML file that runs the released models."""
