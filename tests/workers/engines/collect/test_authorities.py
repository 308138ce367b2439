"""A database server is believed only with a certificate of the authority that was named."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lifecycle.contracts.sources import SqlConfig, Surroundings
from workers.engines.collect import sql
from workers.engines.collect.authorities import Authority
from workers.engines.collect.errors import SourceUnreachable

HERE = Surroundings(private_addresses="true")


def make_certificate(host: str) -> tuple[str, str]:
    """(certificate, key), PEM, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), plain.decode()


@pytest.fixture
def server(tmp_path):
    """serve(host, is_postgres) → port of a server that greets one caller over TLS; and its certificate."""

    def serve(host: str, *, is_postgres: bool = False) -> tuple[int, str]:
        certificate, key = make_certificate(host)
        (tmp_path / "both.pem").write_text(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "both.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)

        def greet():
            with listener, listener.accept()[0] as caller:
                caller.settimeout(10)
                if is_postgres:
                    caller.recv(8)  # SSLRequest
                    caller.sendall(b"S")
                try:
                    with context.wrap_socket(caller, server_side=True) as safe:
                        safe.sendall(b"hello")
                except OSError:
                    return  # the caller did not like the certificate, which is what is tested

        threading.Thread(target=greet, daemon=True).start()
        return listener.getsockname()[1], certificate

    return serve


@pytest.mark.parametrize("host", ["db.example", "other.example"])
def test_the_name_is_looked_for_though_an_address_is_called(server, host):
    port, certificate = server("db.example")
    context = Authority(certificate, "").as_context(host)

    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        if host == "db.example":
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as safe:
                assert safe.recv(5) == b"hello"
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize(("is_own", "said"), [(True, ""), (False, "certificate verify failed")])
def test_postgres_is_asked_only_with_a_certificate_of_the_authority(server, is_own, said):
    port, certificate = server("localhost", is_postgres=True)
    authority = certificate if is_own else make_certificate("localhost")[0]
    config = SqlConfig(f"postgresql://reader@localhost:{port}/shop?sslmode=disable", table="t")

    with pytest.raises(SourceUnreachable) as error, sql.connect(config, "", HERE, 5, authority):
        pass

    assert said in str(error.value) and ("verify failed" in str(error.value)) is not is_own
