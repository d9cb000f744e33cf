"""Doctests of CarRacing are collected where its extra is: Gymnasium's own lets Box2D be missing."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("Box2D") else ["worldmodels/envs/carracing/*.py"]
