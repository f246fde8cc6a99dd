"""How late an emulated run's messages were, of the record of a repeat."""


def quantile_us(lateness, q):
    """Buckets of an eighth of a doubling, in picoseconds."""
    below = 0
    for bucket, count in lateness["buckets"]:
        below += count
        if below >= q * lateness["count"]:
            return 2 ** (bucket / 8) * 1e-6
    return 0.0
