"""An HTTP proxy: CONNECT, and requests in absolute form. Names are its own to look up."""
import socket
import socketserver
import threading
from urllib.parse import urlsplit


class Proxy:
    """`with Proxy({"partner.test": "127.0.0.1"}) as p`: `p.url`, `p.seen` (method and "host:port" of each request).
    A host that `names` does not have is refused, 403."""

    def __init__(self, names):
        self.names, self.seen = names, []

    def __enter__(self):
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy._serve(self.request)
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, client):
        received = b""
        while b"\r\n\r\n" not in received:
            if not (part := client.recv(65536)):
                return
            received += part
        line, rest = received.split(b"\r\n", 1)
        method, target, version = line.decode().split(" ")
        url = urlsplit("//" + target if method == "CONNECT" else target)
        self.seen.append((method, f"{url.hostname}:{url.port or 80}"))
        if url.hostname not in self.names:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            return
        with socket.create_connection((self.names[url.hostname], url.port or 80)) as partner:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                partner.sendall(rest.split(b"\r\n\r\n", 1)[1])
            else:
                path = url.path + (f"?{url.query}" if url.query else "")
                partner.sendall(f"{method} {path} {version}\r\n".encode() + rest)
            back = threading.Thread(target=self._pass_on, args=(partner, client), daemon=True)
            back.start()
            self._pass_on(client, partner)
            back.join()

    @staticmethod
    def _pass_on(source, sink):
        """Until one of the two ends; then the other learns it."""
        try:
            while part := source.recv(65536):
                sink.sendall(part)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
