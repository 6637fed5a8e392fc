"""How many different hashes there were: exactly up to `EXACT`, above that within some 5 % (HyperLogLog).

Both forms are bytes of at most 2 KiB, and two of them give that of both together, whatever they have in common. See
Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog" (2007); the hashes have 63 bits, so that large numbers need no
correction.
"""

import math
from collections.abc import Iterable

from shared.contracts.usage.messages import HASH_BITS

EXACT = 255
_INDEX_BITS = 11
_REGISTERS = 1 << _INDEX_BITS
_REST_BITS = HASH_BITS - _INDEX_BITS
_HASH_BYTES = 8
_ALPHA = 0.7213 / (1 + 1.079 / _REGISTERS)


def merged(sketches: Iterable[bytes], hashes: Iterable[int] = ()) -> bytes:
    """The sketch of all hashes that are in `sketches`, and of `hashes`."""
    exact, registers = set(hashes), None
    for sketch in sketches:
        if len(sketch) < _REGISTERS:
            exact.update(_hashes(sketch))
        elif registers is None:
            registers = bytearray(sketch)
        else:
            registers = bytearray(map(max, registers, sketch))
    if registers is None:
        if len(exact) <= EXACT:
            return b"".join(one.to_bytes(_HASH_BYTES) for one in sorted(exact))
        registers = bytearray(_REGISTERS)
    for one in exact:
        index, rest = one >> _REST_BITS, one & ((1 << _REST_BITS) - 1)
        registers[index] = max(registers[index], _REST_BITS - rest.bit_length() + 1)
    return bytes(registers)


def count(sketch: bytes) -> int:
    if len(sketch) < _REGISTERS:
        return len(sketch) // _HASH_BYTES
    estimate = _ALPHA * _REGISTERS**2 / sum(2.0**-register for register in sketch)
    empty = sketch.count(0)
    if estimate <= 2.5 * _REGISTERS and empty:
        estimate = _REGISTERS * math.log(_REGISTERS / empty)
    return round(estimate)


def _hashes(sketch: bytes) -> Iterable[int]:
    return (int.from_bytes(sketch[at : at + _HASH_BYTES]) for at in range(0, len(sketch), _HASH_BYTES))
