"""Why a broker cannot be reached is told in one line, once."""

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from edge.broker_probe import probe
from edge.config import MqttSection
from edge.outbox import Outbox
from edge.publisher import Publisher

Talk = Callable[[socket.socket], None]
# paho does not close the socket of a handshake that fails
leaves_sockets = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def listening() -> Iterator[Callable[[Talk], socket.socket]]:
    """Start a server that talks so to each caller."""
    servers = []

    def listen(talk: Talk) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=_serve, args=(server, talk), daemon=True).start()
        return server

    yield listen
    for server in servers:
        close(server)


def close(server: socket.socket) -> None:
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def _serve(server: socket.socket, talk: Talk) -> None:
    with suppress(OSError):
        while True:
            caller, _ = server.accept()
            with caller, suppress(OSError):
                talk(caller)


def hang_up(caller: socket.socket) -> None:
    caller.recv(64)


def speak_in_the_open(caller: socket.socket) -> None:
    caller.sendall(b"220 mail.example ready\r\n")
    caller.recv(64)


def speak_tls(folder: Path) -> Talk:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def talk(caller: socket.socket) -> None:
        with context.wrap_socket(caller, server_side=True) as secure:
            secure.recv(64)

    return talk


@pytest.fixture
def certificate(tmp_path) -> Path:
    """A folder with a certificate that signs itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *new.split(), "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@asynccontextmanager
async def publishing(caplog, section: MqttSection, folder: Path):
    """Yields a wait for so many lines of what the publisher says."""

    async def said(least: int) -> list[str]:
        for _ in range(400):
            if len(caplog.messages) >= least:
                break
            await asyncio.sleep(0.05)
        return [message.partition(f":{section.port} ")[2] for message in caplog.messages]

    caplog.clear()
    caplog.set_level(logging.INFO, "edge.publisher")
    publisher = Publisher(Outbox(folder / "outbox.sqlite"), "strap-1", section)
    job = asyncio.create_task(publisher.start())
    yield said
    job.cancel()
    await publisher.stop(orderly=False)


async def told(caplog, section: MqttSection, folder: Path) -> list[str]:
    """What is said of the first two or three attempts."""
    async with publishing(caplog, section, folder) as said:
        await said(1)
        await asyncio.sleep(1.5)  # it is tried again after a second
        return await said(1)


async def test_a_closed_port_is_told_once(caplog, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = await told(caplog, MqttSection(port=port), tmp_path)
    assert said == ["cannot be reached: Connection refused; trying on"]


async def test_a_name_that_nobody_knows_is_told(caplog, tmp_path) -> None:
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o600)
    named = {"host": "broker.invalid", "password_file": tmp_path / "password"}
    (said,) = await told(caplog, MqttSection(**named, tls_ca_file=_any_ca()), tmp_path)
    assert said in {
        "cannot be reached: Name or service not known; trying on",
        "cannot be reached: Temporary failure in name resolution; trying on",
    }


async def test_a_broker_that_hangs_up_is_told(caplog, tmp_path, listening) -> None:
    said = await told(caplog, MqttSection(port=port_of(listening(hang_up))), tmp_path)
    assert said == ["cannot be reached: it ends the connection before it has let us in; trying on"]


@leaves_sockets
async def test_a_certificate_that_is_not_trusted_is_told(caplog, tmp_path, listening, certificate) -> None:
    section = MqttSection(port=port_of(listening(speak_tls(certificate))), tls_ca_file=_any_ca())
    assert await told(caplog, section, tmp_path) == [
        "cannot be reached: TLS: self-signed certificate; trying on"
    ]
    assert probe("strap-1", section, 5).reason == "TLS: self-signed certificate"
    trusted = section.model_copy(update={"tls_ca_file": certificate / "cert.pem"})
    (said,) = await told(caplog, trusted, tmp_path)
    assert said.startswith("cannot be reached: TLS: IP address mismatch")


@leaves_sockets
async def test_a_port_that_speaks_no_tls_is_told(caplog, tmp_path, listening) -> None:
    section = MqttSection(port=port_of(listening(speak_in_the_open)), tls_ca_file=_any_ca())
    (said,) = await told(caplog, section, tmp_path)
    assert said == "cannot be reached: TLS: WRONG_VERSION_NUMBER; trying on"


async def test_another_reason_is_told_too(caplog, tmp_path, listening) -> None:
    server = listening(hang_up)
    async with publishing(caplog, MqttSection(port=port_of(server)), tmp_path) as said:
        assert len(await said(1)) == 1
        close(server)
        assert (await said(2))[1:] == ["cannot be reached: Connection refused; trying on"]


def _any_ca() -> Path:
    certifi = pytest.importorskip("certifi")
    return Path(certifi.where())
