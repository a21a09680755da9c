"""A module of somebody else's that fails when it is imported."""

1 / 0  # noqa: B018 - that it fails is all it does
