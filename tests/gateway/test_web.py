"""The web process itself, under gunicorn with two workers."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def web(database_url, gateway_environ):
    """A running web process; its address and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = gateway_environ(database_url=database_url, web_bind=f"127.0.0.1:{port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "web"],
        env={**os.environ, **environ},
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    address = f"http://127.0.0.1:{port}"
    give_up_at = time.monotonic() + 120
    while get(address + "/readyz")[0] != 200:
        assert process.poll() is None, "the web process ended"
        assert time.monotonic() < give_up_at, "the web process does not get ready"
        time.sleep(0.1)
    yield address, process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except OSError:
        return 0, ""


def refused(text):
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("chewie_gateway_refused_total")
    )


def test_metrics_are_those_of_all_its_processes_and_it_ends_in_peace(web):
    address, process = web
    for _ in range(30):
        assert get(address + "/nowhere")[0] == 404
    assert refused(get(address + "/metrics")[1]) == 30
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(120) == 0
    assert b"Traceback" not in process.stderr.read()
