#!/usr/bin/env python3
"""A demo partner: partner.py PORT ok|fail|hang. One line on stdout for each request."""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {
    "ok": (200, {"message": "accepted"}),
    "fail": (500, {"error": "the order system is down"}),
    "hang": None,
}


class Partner(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one segment

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        print(f"{self.command} {self.path.split('?')[0]} {len(body)} bytes "
              f"webhook-id {self.headers.get('webhook-id', '-')}", flush=True)
        if ANSWERS[self.server.mood] is None:
            threading.Event().wait(600)
            self.close_connection = True
            return
        code, answer = ANSWERS[self.server.mood]
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def main():
    port, mood = int(sys.argv[1]), sys.argv[2]
    server = ThreadingHTTPServer(("127.0.0.1", port), Partner)
    server.daemon_threads = True
    server.mood = mood
    server.serve_forever()


if __name__ == "__main__":
    main()
