"""Files of 4 KB over four SFTP connections to OpenSSH, against a bare loop that does as little as it can.

    ./dev bench sftp [--files 2000]

The tasks are made before the dispatcher starts, so the upload alone is measured. The bare loop writes under
a temporary name and renames, without asking for a size; it logs in within its time.
"""
import argparse
import getpass
import json
import os
import subprocess
import time
from pathlib import Path

from fleet.events import Publisher, bill_event
from fleet.stack import Stack
from fleet.wait import eventually
from fleet.world import World
from partners import SftpPartner

CONNECTIONS, SIZE, TARGET = 4, 4096, 300


def finished_at(folder, n, deadline=300):
    """When the n-th file has its name."""
    def count():
        return sum(not name.startswith(".") for name in os.listdir(folder)) >= n
    eventually(count, deadline, every=0.01, what=f"{n} files")
    return time.monotonic()


def bare_loop(server, n):
    """Files a second of a loop that only writes and renames (sftp-loop.c), over as many connections."""
    folder = server.folder / "bare"
    folder.mkdir()
    program = server.folder / "sftp-loop"
    subprocess.run(["cc", "-O2", Path(__file__).with_name("sftp-loop.c"), "-o", program, "-lssh2", "-lpthread"], check=True)
    started = time.monotonic()
    subprocess.run([program, str(server.port), getpass.getuser(), server.key, folder, str(CONNECTIONS), str(n), str(SIZE)],
                   check=True)
    return n / (time.monotonic() - started)


def fleet(server, n):
    stack = Stack()
    world = World(stack, Publisher(stack))
    bill = world.lab.bill()
    row = world.row(49, "", extra=server.extra(max_concurrency=CONNECTIONS),
                    template_text="{{bill.bill_id}}" + "x" * (SIZE - len(str(bill.id))))
    assert world.wait_log(world.publish(bill_event(world.lab, bill, 49)), row)["status"] == "SUCCESS"
    stack.stop("dispatcher")
    world.publisher.many([bill_event(world.lab, bill, 49)] * n)
    logs = stack.mongo.integration_directory
    eventually(lambda: logs.count_documents({"lab_id": world.lab.id}) > n, 120, every=0.5, what="all tasks made")
    stack.start("dispatcher")
    eventually(lambda: len(server.names()) > 10, 60, every=0.01, what="the first files")
    first, started = len(server.names()), time.monotonic()
    finish = finished_at(server.inbox, n + 1)
    assert all(path.stat().st_size == SIZE for path in server.inbox.iterdir())
    return (n + 1 - first) / (finish - started)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    files = parser.parse_args().files
    with SftpPartner() as server:
        ours, limit = fleet(server, files), bare_loop(server, files)
    result = {"files_per_second": round(ours), "limit_files_per_second": round(limit), "of_limit": round(ours / limit, 2),
              "target": TARGET, "files": files, "bytes": SIZE, "connections": CONNECTIONS}
    print(f"{'files/s':>10} {'bare loop':>12} {'of it':>8} {'target':>8}")
    print(f"{ours:>10.0f} {limit:>12.0f} {ours / limit:>8.0%} {TARGET:>8}")
    if os.environ.get("BENCH_JSON"):
        with open(os.environ["BENCH_JSON"], "w") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
