"""Evolution strategies, and the search for C with them."""
