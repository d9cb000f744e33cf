"""V, M and C from a folder, for notebooks and for other people's loops: what `load` returns."""
