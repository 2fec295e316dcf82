"""A virtual Polar H10 in a process of its own, playing a recording whose samples are their own index."""

import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
import wfdb

COMMAND = """
import argparse, sys
from firmware_bridge.commands import devices
parser = argparse.ArgumentParser()
devices.add_arguments(parser)
try:
    sys.exit(devices.run(parser.parse_args()))
except Exception as error:
    if not getattr(error, "for_user", False):
        raise
    print(f"hearth: {error}", file=sys.stderr)
    sys.exit(2)
"""


class Process:
    """`hearth devices ...` under -W error; `log` grows while it runs."""

    def __init__(self, *arguments):
        self.log = []
        self._spoke = threading.Condition()
        command = [sys.executable, "-W", "error", "-c", COMMAND, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._spoke:
                self.log.append(line.rstrip())
                self._spoke.notify_all()

    def says(self, text, times=1, timeout_s=60):
        """Wait until so many lines hold `text`."""
        with self._spoke:
            heard = self._spoke.wait_for(lambda: sum(text in line for line in self.log) >= times, timeout_s)
        assert heard, f"{text!r} not in {self.log}"

    def ends(self, timeout_s=60):
        """Wait for the exit status."""
        status = self.process.wait(timeout_s)
        self._reader.join(timeout_s)
        return status

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


@pytest.fixture
def hearth_devices():
    """Starts `hearth devices ARGUMENTS`."""
    started = []

    def start(*arguments):
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def index_record(tmp_path):
    """A function that writes a record of `n` samples in which sample `i` is `i` microvolts."""

    def write(n, fs_hz=130):
        wfdb.wrsamp(
            "index",
            fs=fs_hz,
            units=["mV"],
            sig_name=["index"],
            d_signal=np.arange(n)[:, None],
            fmt=["24"],
            adc_gain=[1000.0],
            baseline=[0],
            write_dir=str(tmp_path),
        )
        return tmp_path / "index"

    return write


@pytest.fixture
def virtual_ble(hearth_devices, port):
    """Starts a virtual device and waits until it listens; `(process, uri)`."""

    def start(device, record, *options):
        listen = f"127.0.0.1:{port}"
        action = ("virtual-ble", device, "--record", record, "--listen", listen, "--once")
        process = hearth_devices(*action, *options)
        process.says("waits on")
        (uri,) = (line.strip() for line in process.log if line.startswith("  ble://"))
        return process, uri

    return start


@pytest.fixture
def virtual_h10(virtual_ble):
    """Starts a virtual H10 and waits until it listens; `(process, uri)`."""

    def start(record, *options):
        return virtual_ble("polar_h10", record, *options)

    return start
