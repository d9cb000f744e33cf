"""What the seam between a stage and where its shards are worked on looks like from below."""

from __future__ import annotations

from typing import Protocol, TypeVar

Shard = TypeVar("Shard", contravariant=True)
Result = TypeVar("Result", covariant=True)
Kept = TypeVar("Kept", covariant=True)


class Promise(Protocol[Kept]):
    """What will have become of a shard."""

    def result(self) -> Kept:
        """Wait for it.

        Raises:
            UserError: whoever had the shard, or the cluster, is lost.
        """


class Executor(Protocol[Shard, Result]):
    """Applies the function that it was made with to shards, several at once."""

    @property
    def at_once(self) -> int:
        """Shards that keep everyone busy."""

    def submit(self, shard: Shard) -> Promise[Result]:
        """Have someone begin with a shard as soon as there is someone."""

    def close(self) -> None:
        """Let go of what was begun, and of everyone."""
