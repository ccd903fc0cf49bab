"""Signatures that anybody can check: Ed25519 (RFC 8032), under a key derived from the instance's secret.

Written from the formulas of RFC 8032, section 5.1, because no pinned library has it; its vectors and OpenSSL agree.
It signs a handful of documents a day and does not run in constant time: nobody but the server's owner can time it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from fundapp.core.sealing import derive_key

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_BYTES = 32

Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of 32 bytes."""

    seed: bytes

    @classmethod
    def of_instance(cls, secret: str) -> SigningKey:
        """Return the key with which the instance of this secret signs."""
        return cls(derive_key(secret, salt=b"", purpose="fund: signature of resolutions, Ed25519, v1"))

    @property
    def public(self) -> bytes:
        """The public key of 32 bytes."""
        return _public_of(self.seed)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of 64 bytes; the same message always has the same one."""
        digest = hashlib.sha512(self.seed).digest()
        scalar, public = _clamp(digest[:_BYTES]), self.public
        nonce = int.from_bytes(hashlib.sha512(digest[_BYTES:] + message).digest(), "little") % _L
        commitment = _encode(_multiply(nonce, _BASE))
        answer = (nonce + _challenge(commitment, public, message) * scalar) % _L
        return commitment + answer.to_bytes(_BYTES, "little")


def signature_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether a signature of a message was made with the private half of a public key."""
    if len(public) != _BYTES or len(signature) != 2 * _BYTES:
        return False
    owner, commitment = _decode(public), _decode(signature[:_BYTES])
    answer = int.from_bytes(signature[_BYTES:], "little")
    if owner is None or commitment is None or answer >= _L:
        return False
    challenge = _challenge(signature[:_BYTES], public, message)
    return _same(_multiply(answer, _BASE), _add(commitment, _multiply(challenge, owner)))


@lru_cache(maxsize=4)
def _public_of(seed: bytes) -> bytes:
    return _encode(_multiply(_clamp(hashlib.sha512(seed).digest()[:_BYTES]), _BASE))


def _clamp(half: bytes) -> int:
    return int.from_bytes(half, "little") & (2**254 - 8) | 2**254


def _challenge(commitment: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % _L


def _add(one: Point, other: Point) -> Point:
    """Add two points (RFC 8032, 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (one[1] * other[2] - other[1] * one[2]) % _P == 0


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(_BYTES, "little")


def _decode(text: bytes) -> Point | None:
    """Return the point (RFC 8032, 5.1.3), or None where the bytes are none."""
    number = int.from_bytes(text, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = _root_of(y) if y < _P else None
    if x is None or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


def _root_of(y: int) -> int | None:
    """Return x of a point from its y, one of the two; None where there is none."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    for root in (x, x * _ROOT % _P):
        if (root * root - square) % _P == 0:
            return root
    return None


def _base() -> Point:
    point = _decode((4 * pow(5, -1, _P) % _P).to_bytes(_BYTES, "little"))
    if point is None:
        raise AssertionError("the base point is a point")
    return point


_BASE: Point = _base()
