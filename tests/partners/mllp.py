"""An MLLP peer at the level of bytes, that records what it gets and answers as scripted."""
import asyncio
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass

from . import certificates
from .http import _shared_loop

VT, FS, CR = b"\x0b", b"\x1c", b"\r"


@dataclass
class Message:
    body: bytes
    arrived_at: float  # time.time()
    connection: int  # counts the peer's connections, from 1

    @property
    def segments(self):
        return [segment.split("|") for segment in self.body.decode().split("\r") if segment]

    def segment(self, name):
        return next(fields for fields in self.segments if fields[0] == name)

    @property
    def control_id(self):
        return self.segment("MSH")[9]


@dataclass
class Ack:
    """What to answer. `code`, `text` and `more` make a proper ACK, the rest spoils it."""
    code: str = "AA"
    text: str = ""
    more: str = ""  # further segments
    delay: float = 0
    gate: threading.Event | None = None  # the answer waits until it is set
    control_id: str | None = None  # another message's
    before: bytes = b""  # in the same write
    after: bytes = b""
    raw: bytes | None = None  # instead of an ACK
    drip: float = 0  # seconds between the single bytes
    silent: bool = False
    close: bool = False  # after what is said, which with `silent` is nothing
    reset: bool = False

    def encode(self, message):
        if self.raw is not None:
            return self.before + self.raw + self.after
        control_id = message.control_id if self.control_id is None else self.control_id
        text = (f"MSH|^~\\&|PEER|X|LISFLEET|17|20261121093000||ACK^O01|1|P|2.5.1\r"
                f"MSA|{self.code}|{control_id}|{self.text}\r{self.more}")
        return self.before + frame(text) + self.after


def frame(text):
    return VT + text.encode() + FS + CR


class MllpPartner:
    """`with MllpPartner() as p: p.details()`. `script` is an Ack, a list of them (the last one stays), or a function
    of the Message. `tls`: with a certificate of the tests' authority; `client`: one is asked for, too."""

    def __init__(self, script=None, tls=False, client=False):
        self.script = script or Ack()
        self.messages = []
        self.connections = self.open = 0
        self.at_once = self.most_at_once = 0
        self._tls, self._client = tls or client, client
        self._served = 0
        self._writers = set()

    def __enter__(self):
        self._loop = _shared_loop()
        future = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._context(), limit=32 << 20, backlog=512),
            self._loop)
        self._server = future.result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._server.close)
        self.drop_connections()

    def drop_connections(self):
        """As a peer that restarts."""
        def drop():
            for writer in list(self._writers):
                writer.transport.abort()
        self._loop.call_soon_threadsafe(drop)

    def details(self, **more):
        """integration_extra_details of a row that points here."""
        tls = {"tls": {"ca": certificates.authority().certificate}} if self._tls else {}
        return {"host": "127.0.0.1", "port": self.port, **tls, **more}

    def _context(self):
        if not self._tls:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.signed("127.0.0.1").files)
        if self._client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(certificates.authority().files[0])
        return context

    async def _connection(self, reader, writer):
        self.connections += 1
        self.open += 1
        number = self.connections
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(VT)
                assert head == VT or head == CR + VT, f"bytes between frames: {head!r}"
                body = await reader.readuntil(FS + CR)
                message = Message(body[:-2], time.time(), number)
                self.messages.append(message)
                if not await self._answer(message, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    def _ack_for(self, message):
        if callable(self.script):
            return self.script(message)
        if isinstance(self.script, list):
            ack = self.script[min(self._served, len(self.script) - 1)]
            self._served += 1
            return ack
        return self.script

    async def _answer(self, message, writer):
        ack = self._ack_for(message)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if ack.delay:
                await asyncio.sleep(ack.delay)
            while ack.gate and not ack.gate.is_set():
                await asyncio.sleep(0.01)
        finally:
            self.at_once -= 1
        if ack.reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if not ack.silent:
            await self._say(ack.encode(message), ack.drip, writer)
        return not ack.close

    @staticmethod
    async def _say(data, drip, writer):
        for part in [data[i:i + 1] for i in range(len(data))] if drip else [data]:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(drip)
