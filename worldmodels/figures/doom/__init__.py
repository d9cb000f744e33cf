"""Figures of Doom: an episode beside its dream, tics alive, ends foretold, rounds, dreams."""
