"""The bucket of a sticky value, as rules/fig_split.c says that it is made."""

MASK = (1 << 64) - 1


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & MASK
    return value


def final(value):
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9 & MASK
    value = (value ^ value >> 27) * 0x94d049bb133111eb & MASK
    return value ^ value >> 31


def bucket(name, value):
    """0 to 9999; name is the group's or the route's."""
    if isinstance(value, str):
        value = value.encode()
    return (final(fnv(name.encode() + b"\0" + value)) >> 32) * 10000 >> 32
