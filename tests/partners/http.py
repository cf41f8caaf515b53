"""An HTTP partner that records what it gets and answers as scripted.

All partners of a process share one asyncio loop in a thread of its own, so that a partner that
hangs or drips costs nothing, and one that answers at once manages thousands of requests a second.
"""
import asyncio
import gzip
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from . import certificates

_loop = None
_loop_lock = threading.Lock()


def _shared_loop():
    global _loop
    with _loop_lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="partners", daemon=True).start()
    return _loop


@dataclass
class Request:
    method: str
    target: str
    headers: dict  # names in lower case
    body: bytes
    arrived_at: float  # time.time()
    connection: int  # counts the partner's connections, from 1
    client: str = ""  # common name of the client certificate

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return {k: v[0] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    def json(self):
        import json
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer. The plain fields describe a proper answer, the rest how to spoil it."""
    code: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict = field(default_factory=lambda: {"content-type": "application/json"})
    delay: float = 0  # seconds before the answer
    gate: threading.Event | None = None  # the answer waits until it is set
    gzip: bool = False
    hang: bool = False  # never answer
    reset: bool = False  # RST instead of an answer
    truncate: int = 0  # promise that many bytes more than are sent, then close
    drip: float = 0  # seconds between the single bytes of the body
    repeat: int = 1  # the body, so many times over, streamed


class Partner:
    """`with Partner() as p: p.url("/hook")`. `script` is a Reply, a list of them (the last one
    stays), or a function of the Request, which runs before the answer is sent. `client`: TLS that
    asks for a client certificate of the tests' authority."""

    def __init__(self, script=None, tls=False, keep=True, client=False):
        self.script = script if script is not None else Reply()
        self.requests = []
        self.count = 0
        self.connections = 0
        self._keep = keep
        self._tls, self._client = tls or client, client
        self.ca = None
        self._served = 0
        self._writers = set()
        self._lock = threading.Lock()

    def __enter__(self):
        self._loop = _shared_loop()
        context = (self._mutual() if self._client else self._self_signed()) if self._tls else None
        future = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=context, limit=1 << 20,
                                 backlog=512), self._loop)
        self._server = future.result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        def close():
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
        self._loop.call_soon_threadsafe(close)

    def url(self, path="/hook"):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    def _self_signed(self):
        folder = Path(tempfile.mkdtemp(prefix="partner-tls-"))
        key, cert = folder / "key.pem", folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
            check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.ca = cert.read_text()
        return context

    def _mutual(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.signed("127.0.0.1").files)
        context.load_verify_locations(cadata=certificates.authority().certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        self.ca = certificates.authority().certificate
        return context

    async def _connection(self, reader, writer):
        self.connections += 1
        number = self.connections
        self._writers.add(writer)
        try:
            while True:
                request = await self._read(reader, writer, number)
                if request is None or not await self._answer(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _read(self, reader, writer, number):
        try:
            first = await reader.readexactly(1)
            if not first.isalpha():  # a TLS hello, for one
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return None
            head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self._read_body(reader, headers)
        request = Request(method, target, headers, body, time.time(), number, self._common_name(writer))
        with self._lock:
            self.count += 1
            if self._keep:
                self.requests.append(request)
        return request

    @staticmethod
    def _common_name(writer):
        peer = writer.get_extra_info("peercert") or {}
        return dict(pair for part in peer.get("subject", ()) for pair in part).get("commonName", "")

    @staticmethod
    async def _read_body(reader, headers):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                parts.append(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
            return b"".join(parts)
        return await reader.readexactly(int(headers.get("content-length", 0)))

    async def _reply_for(self, request):
        script = self.script
        if callable(script):
            # A script may block (it may look into a store): never on the shared loop.
            return await asyncio.get_running_loop().run_in_executor(None, script, request)
        if isinstance(script, list):
            reply = script[min(self._served, len(script) - 1)]
            self._served += 1
            return reply
        return script

    async def _answer(self, request, writer):
        reply = await self._reply_for(request)
        if reply.hang:
            await asyncio.sleep(3600)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        while reply.gate and not reply.gate.is_set():
            await asyncio.sleep(0.01)
        if reply.reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        body = gzip.compress(reply.body) if reply.gzip else reply.body
        headers = dict(reply.headers)
        if reply.gzip:
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body) * reply.repeat + reply.truncate)
        head = f"HTTP/1.1 {reply.code} Scripted\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        writer.write(head.encode("latin-1") + b"\r\n")
        if reply.drip:
            for byte in body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
        else:
            for _ in range(reply.repeat):
                writer.write(body)
                if reply.repeat > 1:
                    await writer.drain()
        await writer.drain()
        return not reply.truncate


def closed_port():
    """A loopback port on which nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
