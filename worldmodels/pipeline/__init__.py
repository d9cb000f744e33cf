"""How a stage runs: params, files, reports, checkpoints, random streams, the command line."""
