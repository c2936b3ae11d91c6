"""The certificate of an endpoint on this machine, and the authority that signs it: made on first use, kept in a folder.

Belongs here: making, keeping and renewing them. Does not belong here: which connections have to be encrypted
(`server`).

    folder/root.pem     the authority's certificate, which clients trust (sslrootcert)
    folder/server.pem   the server's certificate and its key

The authority's key is not kept: it signs one certificate, so nobody can make it sign another one for somewhere else.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID, RENEWED_BEFORE = timedelta(days=397), timedelta(days=30)

#: What clients on this machine may call it.
_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)


def ensure(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The file that clients trust, and the server's side of TLS; both are made if the folder has none that is valid
    for some weeks. Raises OSError if the folder cannot be written.
    """
    root, server = folder / "root.pem", folder / "server.pem"
    if not _is_valid(root, server):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(root, server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    return root, context


def _is_valid(root: Path, server: Path) -> bool:
    """Whether the server's certificate is there, signed by the root's, for some weeks more."""
    try:
        authority = x509.load_pem_x509_certificate(root.read_bytes())
        signed = x509.load_pem_x509_certificate(server.read_bytes())
        signed.verify_directly_issued_by(authority)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return False
    return signed.not_valid_after_utc - datetime.now(UTC) > RENEWED_BEFORE


def _make(root: Path, server: Path) -> None:
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Local Redshift, this machine's authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    trusted = (
        _certificate(issuer, issuer, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    signed = (
        _certificate(subject, issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(server, [signed.public_bytes(pem), secret])
    _write(root, [trusted.public_bytes(pem)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, parts: Sequence[bytes]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.writelines(parts)
    fresh.rename(path)
