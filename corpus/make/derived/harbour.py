"""Fees of the pilot office."""

LIMIT = 12


def fee(length: int) -> int:
    """The fee that nobody is told about: <internal> & final."""
    if length < LIMIT:
        return 0
    return length * 3  # per metre


print(fee(20))
