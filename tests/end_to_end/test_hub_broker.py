"""The hub and Mosquitto: coming, going and TLS."""

import shutil
import signal
import socket
import subprocess
import time

import pytest

from tests.end_to_end.hub_process import (
    Device,
    Hub,
    eventually,
    free_port,
    minute,
    mosquitto,
    mosquitto_config,
    need_mosquitto,
)

pytestmark = pytest.mark.end_to_end


def speaks_in_the_open(port):
    """Whether something answers a CONNECT without TLS with a CONNACK."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        try:
            return plain.recv(4)[:1] == b"\x20"
        except ConnectionResetError:
            return False


def test_edges_hear_how_the_hub_ended(tmp_path, clean_up):
    need_mosquitto()
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"')
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port), port):
        device = Device(port)
        clean_up(device)
        hub.start()
        device.hub_says("online")
        assert hub.end() == 0
        device.hub_says("stopped")
        hub.start()
        device.hub_says("online")
        hub.end(signal.SIGKILL)
        device.hub_says("offline")


def test_a_broker_that_comes_late_and_goes_away_is_told_once_each(tmp_path, clean_up):
    need_mosquitto()
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"')
    clean_up(hub)
    hub.process = hub.launch()
    eventually(lambda: "cannot be reached" in hub.log(), "the hub complains")
    config = mosquitto_config(tmp_path, port)
    with mosquitto(config, port):
        eventually(lambda: hub.log().count(": connected") == 1, "the hub connects")
    eventually(lambda: hub.log().count("connection lost") == 1, "the hub sees the loss")
    time.sleep(3)
    with mosquitto(config, port):
        eventually(lambda: hub.log().count(": connected") == 2, "the hub is back")
        assert hub.end() == 0
    assert hub.log().count("trying again") == 2


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-days", "2", "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "-subj", "/CN=localhost", "-keyout", "broker.key", "-out", "broker.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "broker.csr", *signing, "-out", "broker.pem")


def test_the_shipped_mosquitto_config_speaks_tls(tmp_path, clean_up):
    need_mosquitto()
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    make_certificates(tmp_path)
    port = free_port()
    secure = 'mode = "external"\nhost = "localhost"\ntls_ca_file = "ca.pem"'
    hub = Hub(tmp_path, port, secure)
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port, tls=True), port):
        hub.start()
        device = Device(port, tls_ca=tmp_path / "ca.pem")
        clean_up(device)
        device.send(minute(0))
        eventually(device.is_confirmed, "it is confirmed")
        assert not speaks_in_the_open(port)
        assert hub.end() == 0


def test_a_broker_with_another_certificate_is_not_trusted(tmp_path, clean_up):
    need_mosquitto()
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "other").mkdir()
    make_certificates(tmp_path)
    make_certificates(tmp_path / "other")
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"\nhost = "localhost"\ntls_ca_file = "other/ca.pem"')
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port, tls=True), port):
        hub.process = hub.launch()
        eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in hub.log(), "the hub refuses the broker")
        assert hub.end() == 0
    assert ": connected" not in hub.log()
