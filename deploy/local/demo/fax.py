#!/usr/bin/env python3
"""A demo fax vendor, as HumbleFax's API: fax.py PORT. A fax takes some seconds; every fourth number is busy."""
import itertools
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 4


class Vendor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one segment
    ids = itertools.count(1000)
    drafts: dict = {}
    faxes: dict = {}

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.split("?")[0]
        print(f"{self.command} {path} {len(body)} bytes", flush=True)
        for pattern, serve in ((r"/tmpFax", self.create), (r"/attachment/(\d+)", self.attach),
                               (r"/tmpFax/(\d+)/send", self.send), (r"/sentFax/(\d+)", self.status),
                               (r"/sentFaxes", self.list)):
            found = re.fullmatch(pattern, path)
            if found:
                data = serve(body, *map(int, found.groups()))
                break
        else:
            data = None
        text = json.dumps({"result": "success", "data": data} if data else
                          {"result": "failure", "error": "notFound"}).encode()
        self.send_response(200 if data else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def create(self, body):
        draft = next(self.ids)
        self.drafts[draft] = json.loads(body)["uuid"]
        return {"tmpFax": {"id": draft}}

    def attach(self, body, draft):
        return {"attachment": {"numPages": 1}} if draft in self.drafts else None

    def send(self, body, draft):
        if draft not in self.drafts:
            return None
        fax = next(self.ids)
        self.faxes[fax] = (self.drafts.pop(draft), time.time())
        return {"sentFax": {"id": fax, "status": "in progress"}}

    def status(self, body, fax):
        if fax not in self.faxes:
            return None
        uuid, began = self.faxes[fax]
        busy = fax % 4 == 0
        status = "in progress" if time.time() < began + SECONDS else "failure" if busy else "success"
        call = {"pagesSent": 0 if busy else 1, **({"failureReason": "Busy"} if busy else {})}
        return {"sentFax": {"id": fax, "uuid": uuid, "status": status, "timestamp": str(int(began)), "numPages": "1",
                            "recipients": [{"attempts": [{"calls": [call]}]}] if status != "in progress" else []}}

    def list(self, body):
        return {"sentFaxIds": list(self.faxes)}

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Vendor)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
