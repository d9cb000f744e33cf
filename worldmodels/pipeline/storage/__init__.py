"""The files that stages write: HDF5 tables of episodes and npz models."""
