"""Acknowledged MLLP messages a second: our transport, sockets alone, and python-hl7, in turns against the same peer.

    ./dev bench mllp [--messages 20000]

A table on stdout, JSON in $BENCH_JSON. The stack is not used.
"""
import argparse
import asyncio
import json
import os
import subprocess
import threading
import time
from pathlib import Path

from hl7.client import MLLPClient
from hl7.mllp import start_hl7_server

from fleet.stack import ROOT

TARGET = 5000  # over ten connections, to a C listener


def program():
    build = os.environ.get("FLEET_BUILD", ROOT / "build")
    subprocess.run(["ninja", "-C", build, "tests/bench/mllp-bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Path(build) / "tests" / "bench" / "mllp-bench"


def run(path, how, port, n, width):
    done = subprocess.run([path, how, str(port), str(n), str(width)], check=True, capture_output=True, text=True,
                          timeout=300)
    return json.loads(done.stdout)


class Listener:
    """The C listener in a process of its own."""

    def __init__(self, path):
        self._process = subprocess.Popen([path, "listen"], stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def python_listener():
    """python-hl7's server in a thread; its port."""
    loop, ready = asyncio.new_event_loop(), []

    async def process(reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                writer.writemessage(message.create_ack("AA"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve():
        ready.append(await start_hl7_server(process, host="127.0.0.1", port=0, encoding="utf-8"))
    loop.run_until_complete(serve())
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return ready[0].sockets[0].getsockname()[1]


def python_client(port, n):
    """python-hl7's client: one connection, one message after the other."""
    segments = "".join(f"OBR|{i}|ORD-1|44^LISFLEET|58410-2^Complete Blood Count^LN|||20261121093000+0530\r"
                       for i in range(1, 21))
    text = f"MSH|^~\\&|LISFLEET|17|P|P|20261121093000||ORM^O01^ORM_O01|python|P|2.5.1\r{segments}"
    with MLLPClient("127.0.0.1", port, encoding="utf-8") as client:
        begin = time.perf_counter()
        for _ in range(n):
            assert b"MSA|AA|python" in client.send_message(text)
        return {"per_second": round(n / (time.perf_counter() - begin))}


def measure(path, n):
    results = {}
    with Listener(path) as listener:
        for width in (1, 10):
            results[f"bare, {width} to C"] = run(path, "bare", listener.port, n, width)
            results[f"transport, {width} to C"] = run(path, "transport", listener.port, n, width)
        results["python-hl7's client, 1 to C"] = python_client(listener.port, n // 10)
    port = python_listener()
    for width in (1, 10):
        results[f"bare, {width} to python-hl7"] = run(path, "bare", port, n // 10, width)
        results[f"transport, {width} to python-hl7"] = run(path, "transport", port, n // 10, width)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20000)
    options = parser.parse_args()
    results = measure(program(), options.messages)
    print(f"{'acknowledged messages of 2 KB':<36} {'per second':>10} {'CPU s per 1,000':>16}")
    for name, r in results.items():
        note = f"  target >= {TARGET}" if name == "transport, 10 to C" else ""
        print(f"{name:<36} {r['per_second']:>10} {r.get('cpu_s_per_1000', ''):>16}{note}")
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps({"target": TARGET, **results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
