"""A LIS behind the gateway: says by bytes what it is told to, and keeps each request as it came."""
import socket
import socketserver
import threading
from dataclasses import dataclass


@dataclass
class Asked:
    line: str
    headers: list  # (name, value) as they came
    body: bytes
    framed: str  # "", "length", "chunked"

    def header(self, name):
        """The values, joined; None without any."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None


def json_answer(text, code="200 OK", headers=""):
    return (f"HTTP/1.1 {code}\r\nContent-Type: application/json\r\nContent-Length: {len(text.encode())}\r\n"
            f"{headers}\r\n{text}").encode()


class Lis:
    """`answers`: path -> bytes, or function(socket, Asked) that answers itself (True: keep alive)."""

    def __init__(self, port=0):
        self.answers, self.asked, self.connections = {}, [], 0
        lis = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                lis.connections += 1
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while lis._serve(self):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 512

            def handle_error(self, request, client_address):
                pass  # callers that leave are no fault

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _serve(self, handler):
        line = handler.rfile.readline().decode("latin-1").strip()
        if not line:
            return False
        headers = []
        while text := handler.rfile.readline().decode("latin-1").strip():
            name, _, value = text.partition(":")
            headers.append((name, value.strip()))
        asked = Asked(line, headers, b"", "")
        path = line.split(" ")[1].split("?")[0]
        answer = self.answers.get(path, json_answer('{"ok": true}'))
        if getattr(answer, "early", False):
            return answer(handler, asked)
        if asked.header("expect"):
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._read_body(handler.rfile, asked)
        self.asked.append(asked)
        if callable(answer):
            return answer(handler, asked)
        handler.wfile.write(answer)
        return b"connection: close" not in answer.lower() and b"http/1.0" not in answer.lower()[:8]

    @staticmethod
    def _read_body(rfile, asked):
        if asked.header("transfer-encoding"):
            asked.framed = "chunked"
            while size := int(rfile.readline().split(b";")[0], 16):
                asked.body += rfile.read(size)
                rfile.readline()
            while rfile.readline().strip():
                pass
        elif asked.header("content-length"):
            asked.framed = "length"
            asked.body = rfile.read(int(asked.header("content-length")))


def early(function):
    """Called before the body is read."""
    function.early = True
    return function
