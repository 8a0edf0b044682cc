"""Certificates as files: our own, made at first use; the ones that may be talked to; and the ones that were refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from andon.core.time import Nanos, iso

KEY_BITS = 2048
"""What Basic256Sha256 allows and every server takes."""
VALID_DAYS = 3650
CERTIFICATES_MAX = 1_000
"""Files in a trusted folder that are looked at."""
SUFFIXES = frozenset({".der", ".cer", ".crt", ".pem"})


class Untrusted(Exception):  # noqa: N818 - named for what it says
    """A certificate that may not be talked to; the sentence says where it lies and what to do."""


@dataclass(frozen=True, slots=True)
class Own:
    """Our own certificate (DER) and private key (PEM), as files."""

    certificate: Path
    key: Path
    uri: str
    """Application URI, which OPC UA wants both in the certificate and in the session."""


class Pki:
    """The folder `.andon/pki`: `own/`, `trusted/`, `rejected/`."""

    def __init__(self, folder: Path, trusted: Path | None = None) -> None:
        self.folder = folder
        self.trusted = trusted or folder / "trusted"
        self.rejected = folder / "rejected"

    def own(self, name: str, now: Nanos) -> Own:
        """Our certificate under `name`, made when it is not there yet. `now` is wall time.

        Raises:
            OSError: the folder cannot be written.
        """
        folder = self.folder / "own"
        own = Own(folder / f"{name}.der", folder / f"{name}.key.pem", f"urn:andon:{name}")
        if not (own.certificate.exists() and own.key.exists()):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(own, name, now)
        return own

    def check(self, certificate: bytes, who: str, now: Nanos) -> None:
        """Accept a server's certificate (DER) that is in the trusted folder and in its dates; else keep and refuse it.

        Raises:
            Untrusted: one sentence that says which file to move where.
        """
        self.trusted.mkdir(parents=True, exist_ok=True, mode=0o700)
        if thumbprint(certificate) not in self.thumbprints():
            where = self.reject(certificate)
            raise Untrusted(
                f"the certificate of {who} (SHA-256 {thumbprint(certificate)[:16]}) is not trusted; "
                f"compare it with the server's own, then move `{where}` to `{self.trusted}`"
            )
        parsed = x509.load_der_x509_certificate(certificate)
        moment = datetime.fromtimestamp(now / 1e9, UTC)
        if not parsed.not_valid_before_utc <= moment <= parsed.not_valid_after_utc:
            ends = iso(int(parsed.not_valid_after_utc.timestamp()) * 10**9)[:10]
            raise Untrusted(f"the certificate of {who} is outside its dates (it ends {ends}); let the server renew it")

    def thumbprints(self) -> frozenset[str]:
        """SHA-256 of every certificate in the trusted folder; a file that is none counts for nothing."""
        found = set()
        for path in sorted(self.trusted.iterdir())[:CERTIFICATES_MAX] if self.trusted.is_dir() else ():
            if path.suffix.lower() in SUFFIXES and (content := der_of(path)):
                found.add(thumbprint(content))
        return frozenset(found)

    def reject(self, certificate: bytes) -> Path:
        """Keep a refused certificate where a person can look at it."""
        self.rejected.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.rejected / f"{thumbprint(certificate)[:16]}.der"
        path.write_bytes(certificate)
        return path


def thumbprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, as hex digits."""
    return hashlib.sha256(certificate).hexdigest()


def der_of(path: Path) -> bytes | None:
    """A certificate file in DER, whichever way it was saved; None when it is not one."""
    try:
        content = path.read_bytes()
        if content.startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content).public_bytes(serialization.Encoding.DER)
        x509.load_der_x509_certificate(content)
    except (OSError, ValueError):
        return None
    return content


def _make(own: Own, name: str, now: Nanos) -> None:
    """A self-signed application certificate as OPC UA Part 6 wants it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Andon {name}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Andon"),
        ]
    )
    begin = datetime.fromtimestamp(now / 1e9, UTC) - timedelta(hours=1)
    names = [
        x509.UniformResourceIdentifier(own.uri),
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_cert_sign=True,
        crl_sign=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle = os.open(own.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(private)
    own.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
