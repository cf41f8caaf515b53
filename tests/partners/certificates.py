"""Certificates of one test run: an authority, and what it signs."""
import functools
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    certificate: str  # PEM
    private_key: str
    folder: Path

    @property
    def files(self):
        return str(self.folder / "cert.pem"), str(self.folder / "key.pem")


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@functools.cache
def authority():
    return _make("/CN=Test authority", None, "basicConstraints=critical,CA:TRUE")


@functools.cache
def signed(name):
    """For a host name, or 127.0.0.1."""
    kind = "IP" if name[0].isdigit() else "DNS"
    return _make(f"/CN={name}", authority(), f"subjectAltName={kind}:{name}")


def _make(subject, signer, extension):
    folder = Path(tempfile.mkdtemp(prefix="partner-tls-"))
    key, certificate, request = folder / "key.pem", folder / "cert.pem", folder / "request.pem"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject, "-keyout", key]
    if signer is None:
        _openssl("req", "-x509", *new_key, "-days", 2, "-addext", extension, "-out", certificate)
    else:
        (folder / "extensions").write_text(extension)
        _openssl("req", *new_key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", signer.files[0], "-CAkey", signer.files[1], "-CAcreateserial",
                 "-days", 2, "-extfile", folder / "extensions", "-out", certificate)
    return Identity(certificate.read_text(), key.read_text(), folder)
