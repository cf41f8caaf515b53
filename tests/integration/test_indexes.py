"""Indexes of a store that has many logs: building them takes longer than any call may."""
import re
import socket
import socketserver
import threading
import time
from urllib.parse import urlsplit

from fleet.stack import dev

LATE_S = 5  # a call of ours waits for 4


class Busy(socketserver.ThreadingTCPServer):
    """The store behind a server that takes its time over the first index it is asked for."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, url):
        self.store, self.asked = urlsplit(url), []
        super().__init__(("127.0.0.1", 0), None)
        self.url = f"mongodb://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        with socket.create_connection((self.store.hostname, self.store.port)) as store:
            threading.Thread(target=self.back, args=(store, request), daemon=True).start()
            while data := request.recv(65536):
                if b"createIndexes" in data:
                    self.asked += re.findall(rb"name\0.{4}(\w+)\0", data, re.S)
                    if len(self.asked) == 1:
                        time.sleep(LATE_S)
                store.sendall(data)

    @staticmethod
    def back(store, client):
        try:
            while data := store.recv(65536):
                client.sendall(data)
        except OSError:  # the client did not wait
            pass


def test_migrate_waits_for_an_index(stack):
    with Busy(stack.env["MONGODB_URL"]) as busy:
        run = dev("run", "integration-admin", "migrate", "--only", "mongodb", env={"MONGODB_URL": busy.url})
        busy.shutdown()
    assert "building indexes" in run.stdout and "indexes in place" in run.stdout
    assert busy.asked.count(busy.asked[0]) > 1, "it was not asked for again"


def test_migrate_gives_up_a_store_that_is_not_there():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        run = dev("run", "integration-admin", "migrate", "--only", "mongodb", check=False,
                  env={"MONGODB_URL": f"mongodb://127.0.0.1:{nobody.getsockname()[1]}"})
    assert run.returncode == 69 and "mongodb:" in run.stderr
