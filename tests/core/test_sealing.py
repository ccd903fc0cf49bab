"""Sealed messages and signatures, against the vectors of their RFCs and against OpenSSL."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fundapp.core.sealing import Seal, UnsealError, hkdf
from fundapp.core.signing import SigningKey, signature_valid

# RFC 5869, appendix A: material, salt, info, length, output.
HKDF = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "0b" * 22,
        "",
        "",
        42,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]

# RFC 8032, section 7.1, tests 1 to 3: private key, public key, message, signature.
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("material", "salt", "info", "length", "made"), HKDF)
def test_keys_are_derived_as_the_rfc_says(material: str, salt: str, info: str, length: int, made: str) -> None:
    found = hkdf(bytes.fromhex(material), salt=bytes.fromhex(salt), info=bytes.fromhex(info), length=length)
    assert found.hex() == made


@pytest.mark.parametrize(("seed", "public", "message", "signature"), ED25519)
def test_signatures_are_those_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    key, text = SigningKey(bytes.fromhex(seed)), bytes.fromhex(message)
    assert (key.public.hex(), key.sign(text).hex()) == (public, signature)
    assert signature_valid(key.public, text, bytes.fromhex(signature))


def test_a_signature_holds_for_its_message_and_its_key_alone() -> None:
    key, other = SigningKey.of_instance("one"), SigningKey.of_instance("two")
    signature = key.sign(b"resolved")
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    too_large = signature[:32] + b"\xff" * 32
    assert signature_valid(key.public, b"resolved", signature)
    assert not signature_valid(key.public, b"resolved.", signature)
    assert not signature_valid(other.public, b"resolved", signature)
    assert not signature_valid(key.public, b"resolved", flipped)
    assert not signature_valid(key.public, b"resolved", too_large)
    assert not signature_valid(b"\x02" + b"\x00" * 31, b"resolved", signature)
    assert not signature_valid(key.public, b"resolved", signature[:-1])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command on this machine")
def test_openssl_finds_our_signature_valid(tmp_path: Path) -> None:
    key = SigningKey.of_instance("an instance's secret")
    # SubjectPublicKeyInfo of RFC 8410: a fixed head before the 32 bytes.
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key.public)
    (tmp_path / "message").write_bytes("의결서".encode())
    (tmp_path / "signature").write_bytes(key.sign("의결서".encode()))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in"]
    done = subprocess.run(
        [*command, "message", "-sigfile", "signature"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.stdout.strip() == b"Signature Verified Successfully"


def test_a_sealed_message_opens_under_its_own_key_and_unchanged() -> None:
    seal = Seal.of("secret", salt=b"1" * 32, purpose="votes")
    closed = seal.close(b"yes")
    assert seal.open(closed) == b"yes"
    for changed in (closed[:-1] + bytes([closed[-1] ^ 1]), bytes([closed[0] ^ 1]) + closed[1:], closed[:-1], b""):
        with pytest.raises(UnsealError):
            seal.open(changed)
    for other in (("secret", b"2" * 32, "votes"), ("other", b"1" * 32, "votes"), ("secret", b"1" * 32, "else")):
        with pytest.raises(UnsealError):
            Seal.of(other[0], salt=other[1], purpose=other[2]).open(closed)


def test_what_is_sealed_tells_neither_its_words_nor_their_length() -> None:
    seal = Seal.of("secret", salt=b"1" * 32, purpose="votes")
    sealed = [seal.close(word) for word in (b"yes", b"yes", b"no", b"abstain", b"x" * 94)]
    assert len(set(sealed)) == 5
    assert {len(one) for one in sealed} == {24 + 96 + 32}
    with pytest.raises(ValueError, match="too long"):
        seal.close(b"x" * 95)
