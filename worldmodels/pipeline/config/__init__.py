"""params.yaml: its reader, its types and its error messages."""
