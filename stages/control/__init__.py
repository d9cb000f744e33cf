"""C: from (z, h) to an action, and the strategies that find it."""
