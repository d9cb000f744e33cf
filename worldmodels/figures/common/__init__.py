"""Style, animation and drawing that several figures share."""
