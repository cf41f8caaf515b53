#!/usr/bin/env python3
"""A demo ward behind an interface engine: mllp.py PORT. Takes HL7 over MLLP and answers AA; one line on stdout for each
message."""
import socketserver
import sys
import time

VT, END = b"\x0b", b"\x1c\r"


class Ward(socketserver.StreamRequestHandler):
    def handle(self):
        received = b""
        while data := self.request.recv(65536):
            received += data
            while END in received:
                frame, _, received = received.partition(END)
                self.acknowledge(frame.partition(VT)[2].decode("utf-8", "replace"))

    def acknowledge(self, message):
        header = message.split("\r", 1)[0].split("|")
        print(f"{header[8]} {len(message)} characters MSH-10 {header[9]}", flush=True)
        answer = (f"MSH|^~\\&|WARD|CITY|{header[2]}|{header[3]}|{time.strftime('%Y%m%d%H%M%S')}||ACK|{header[9]}|P|{header[11]}\r"
                  f"MSA|AA|{header[9]}\r")
        self.request.sendall(VT + answer.encode() + END)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Ward).serve_forever()
