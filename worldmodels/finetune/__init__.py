"""Fine-tuning of C in the environment by a natural actor-critic."""
