"""Environments, each behind Gymnasium's vector API."""
