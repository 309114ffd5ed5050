"""Certificates of one test run: a CA, a server's and a station's, and some that must be refused."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def _name(text):
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Forecourt interop"),
        x509.NameAttribute(NameOID.COMMON_NAME, text),
    ])


class Authority:
    """A certificate authority that lives for one test run."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.folder = folder
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(_name(name), _name(name), self.key.public_key(), authority=True)
        self.path = self._write(f"{name}.pem", self.certificate)

    def issue(self, name, *, server, expired=False, host="localhost"):
        """Returns the paths of a new certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(name), self.certificate.subject, key.public_key(),
                                 server=server, expired=expired, host=host)
        path = self._write(f"{self.name}-{name}.pem", certificate)
        key_path = self.folder / f"{self.name}-{name}.key"
        key_path.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return path, key_path

    def _write(self, name, certificate):
        path = self.folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def _sign(self, subject, issuer, public_key, *, authority=False, server=False, expired=False,
              host="localhost"):
        now = datetime.datetime.now(datetime.timezone.utc)
        start = now - datetime.timedelta(days=20)
        end = now - datetime.timedelta(days=10) if expired else now + datetime.timedelta(days=10)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(public_key).serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
                content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, encipher_only=False, decipher_only=False), critical=True))
        if not authority:
            usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if server:
            names = [x509.DNSName(host)]
            if host == "localhost":
                names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())
