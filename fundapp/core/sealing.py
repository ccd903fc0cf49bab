"""Keys derived from the instance's secret, and short messages sealed under them.

`derive_key` is HKDF with SHA-256 (RFC 5869). A sealed message is a nonce, the message under a key stream of
HMAC-SHA-256 in counter mode, and an HMAC-SHA-256 over both (encrypt-then-MAC; Bellare and Namprempre 2000). Messages
are padded to one length, so that a ciphertext does not betray by its size what it says.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

_HASH = "sha256"
_BLOCK = hashlib.sha256().digest_size
_NONCE = 24
_LENGTH = 96
"""Bytes of a padded message; its first two say how many of them count."""


class UnsealError(ValueError):
    """A sealed message was changed, or sealed under another key."""


def derive_key(secret: str, *, salt: bytes, purpose: str, length: int = 32) -> bytes:
    """Return `length` bytes that only the secret's holder can derive, others for each salt and purpose (RFC 5869)."""
    return hkdf(secret.encode(), salt=salt, info=purpose.encode(), length=length)


def hkdf(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes by HKDF-SHA-256: extract, then expand (RFC 5869, 2.2 and 2.3)."""
    pseudorandom = hmac.digest(salt or bytes(_BLOCK), material, _HASH)
    made, block, number = b"", b"", 1
    while len(made) < length:
        block = hmac.digest(pseudorandom, block + info + bytes([number]), _HASH)
        made, number = made + block, number + 1
    return made[:length]


@dataclass(frozen=True, slots=True)
class Seal:
    """The two keys under which messages of one purpose are sealed."""

    cipher_key: bytes
    tag_key: bytes

    @classmethod
    def of(cls, secret: str, *, salt: bytes, purpose: str) -> Seal:
        """Derive both keys from the instance's secret and a salt; without the salt nobody can derive them again."""
        keys = derive_key(secret, salt=salt, purpose=purpose, length=2 * _BLOCK)
        return cls(keys[:_BLOCK], keys[_BLOCK:])

    def close(self, message: bytes) -> bytes:
        """Seal a message.

        Raises:
            ValueError: if it is longer than 94 bytes.
        """
        if len(message) > _LENGTH - 2:
            raise ValueError("too long to seal")
        padded = len(message).to_bytes(2) + message.ljust(_LENGTH - 2, b"\0")
        nonce = secrets.token_bytes(_NONCE)
        body = nonce + self._under_stream(nonce, padded)
        return body + hmac.digest(self.tag_key, body, _HASH)

    def open(self, sealed: bytes) -> bytes:
        """Return the message.

        Raises:
            UnsealError: if it was changed or sealed under other keys.
        """
        body, tag = sealed[:-_BLOCK], sealed[-_BLOCK:]
        if len(sealed) != _NONCE + _LENGTH + _BLOCK or not hmac.compare_digest(
            tag, hmac.digest(self.tag_key, body, _HASH)
        ):
            raise UnsealError("not sealed under this key")
        padded = self._under_stream(body[:_NONCE], body[_NONCE:])
        return padded[2 : 2 + int.from_bytes(padded[:2])]

    def _under_stream(self, nonce: bytes, text: bytes) -> bytes:
        blocks = -(-len(text) // _BLOCK)
        stream = b"".join(hmac.digest(self.cipher_key, nonce + bytes([number]), _HASH) for number in range(blocks))
        return bytes(one ^ other for one, other in zip(text, stream, strict=False))
