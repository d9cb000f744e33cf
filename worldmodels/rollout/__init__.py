"""The loop of environment and policy, recorded episodes, and the Task protocol."""
