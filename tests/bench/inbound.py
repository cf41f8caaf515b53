"""The gateway against nginx as a plain proxy, both in front of the same upstream in the same run.

Alternating rounds; the medians count. Added latency is that over asking the upstream itself, at 200 calls a second.
"""
import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from fleet.gateway import Gateway
from fleet.stack import Stack, dev
from partners import closed_port

from .nginx import Nginx

PROXY = """
worker_processes 1; daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests 10000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream lis {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://lis; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr; }} }}
}}
"""


class Proxy:
    def __init__(self, upstream):
        self.upstream, self.port = upstream, closed_port()

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-proxy-")
        folder = Path(self._folder.name)
        (folder / "conf").write_text(PROXY.format(folder=folder, port=self.port, upstream=self.upstream))
        self._process = subprocess.Popen(["nginx", "-c", folder / "conf", "-p", folder, "-e", folder / "error.log"],
                                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/hook", timeout=1).read()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((folder / "error.log").read_text())

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()


def build_load():
    source = Path(__file__).with_name("http-load.c")
    target = Path(tempfile.gettempdir()) / f"http-load-{os.getuid()}"
    subprocess.run(["cc", "-O2", "-o", target, source], check=True)
    return target


def load(program, port, n, callers, rate=0):
    run = subprocess.run([program, str(port), "/hook", str(n), str(callers), str(rate)], check=True, capture_output=True, text=True)
    per_second, median, p99, worst, failed = map(float, run.stdout.split())
    assert failed == 0, f"{failed} answers were no 200"
    return {"per_second": per_second, "median_ms": median, "p99_ms": p99, "max_ms": worst}


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def hold_connections(gateway, n):
    """Resident memory with n connections open that have each made a call."""
    held = []
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", gateway.port))
        s.sendall(b"GET /hook HTTP/1.1\r\nHost: lis\r\n\r\n")
        held.append(s)
    for s in held:
        s.recv(4096)
    time.sleep(1)
    used = resident_mib(gateway.process.pid)
    for s in held:
        s.close()
    return used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=32)
    options = parser.parse_args()
    program, stack = build_load(), Stack()
    results = {"nginx": [], "gateway": []}
    dev("stop", "callback")  # who makes logs of the records is on another machine
    try:
        with Nginx() as upstream:
            port = int(upstream.url.split(":")[2].split("/")[0])
            with Proxy(port) as proxy, Gateway(stack, f"http://127.0.0.1:{port}") as gateway:
                ports = {"nginx": proxy.port, "gateway": gateway.port}
                for name in ports:  # warm
                    load(program, ports[name], 2000, options.callers)
                for _ in range(options.rounds):
                    for name in ports:
                        results[name].append(load(program, ports[name], options.calls, options.callers)["per_second"])
                direct = load(program, port, 2000, 16, 200)
                through = load(program, gateway.port, 2000, 16, 200)
                memory = hold_connections(gateway, 1000)
    finally:
        dev("start", "callback")
    rates = {name: statistics.median(values) for name, values in results.items()}
    figures = {
        "nginx_per_second": rates["nginx"], "gateway_per_second": rates["gateway"], "rounds": results,
        "ratio": rates["gateway"] / rates["nginx"], "direct_at_200": direct, "gateway_at_200": through,
        "added_p99_ms": through["p99_ms"] - direct["p99_ms"], "resident_mib_1000_connections": memory,
    }
    print(f"{'':32}{'measured':>12}{'target':>10}")
    print(f"{'nginx, requests/s':32}{rates['nginx']:>12.0f}")
    print(f"{'gateway, requests/s':32}{rates['gateway']:>12.0f}")
    print(f"{'ratio':32}{figures['ratio']:>12.2f}{'>= 0.6':>10}")
    print(f"{'added latency p99 at 200/s, ms':32}{figures['added_p99_ms']:>12.2f}{'<= 3':>10}")
    print(f"{'resident, 1,000 open, MiB':32}{memory:>12.1f}{'<= 48':>10}")
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
