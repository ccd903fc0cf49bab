"""A device that makes passkeys and answers with them (Web Authentication, level 3, section 6)."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from datetime import datetime

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from fundapp.identity.actions import Challenge, Party

PARTY = Party("fund.example", "https://fund.example")
PRESENT, VERIFIED, _NEW = 1, 4, 64


@dataclass
class Device:
    """A device that holds one key."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0
    origin: str = PARTY.origin
    host: str = PARTY.host
    flags: int = PRESENT | VERIFIED
    odd_key: bytes = b""

    def _said(self, kind: str, challenge: Challenge) -> bytes:
        told = {"type": kind, "challenge": bytes_to_base64url(challenge.value), "origin": self.origin}
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def make(self, challenge: Challenge) -> str:
        """What a browser says of a fresh passkey."""
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        held = struct.pack(">H", len(self.credential)) + self.credential + (self.odd_key or cbor2.dumps(cose))
        data = self._data(self.flags | _NEW) + bytes(16) + held
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=self._said("webauthn.create", challenge), attestationObject=made)

    def sign(self, challenge: Challenge) -> str:
        """What a browser says when it is used."""
        self.count += 1
        data, said = self._data(self.flags), self._said("webauthn.get", challenge)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signature)

    def _answer(self, **parts: bytes) -> str:
        name = bytes_to_base64url(self.credential)
        response = {key: bytes_to_base64url(value) for key, value in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def asked(at: datetime) -> Challenge:
    return Challenge(secrets.token_bytes(32), at)
