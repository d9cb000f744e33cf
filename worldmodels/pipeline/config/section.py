"""What every section of params.yaml has in common, and the number types that several share."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Units = Annotated[int, Meta(ge=1, le=4096)]  # of a layer
OptionalUnits = Annotated[int, Meta(ge=0, le=4096)]  # 0: no such layer
Patience = Annotated[int, Meta(ge=0, le=1_000_000)]  # steps without a new high; 0: no limit
Fraction = Annotated[float, Meta(ge=0, le=1)]
Rate = Annotated[float, Meta(gt=0, le=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of params.yaml: every key is required and no other is allowed.

    Every float needs bounds, because the test of the bounds is what refuses NaN.
    """
