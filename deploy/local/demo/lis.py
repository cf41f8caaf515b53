#!/usr/bin/env python3
"""The API of the sample LIS, as much of it as the demo calls through the gateway: lis.py PORT."""
import itertools
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

bills = itertools.count(1)


def register_bill(_body):
    return 200, {"code": 200, "billId": next(bills), "labPatientId": "P1"}


def register_patient(_body):
    return 200, {"code": 200, "patientId": next(bills)}


def confirm_appointment(body):
    if "appointmentId" not in body:
        return 400, {"error": "appointmentId is missing"}
    return 200, {"code": 200, "appointmentId": body["appointmentId"]}


APIS = {"LHRegisterBillAPI": register_bill, "patientRegister": register_patient,
        "appointmentConfirmAPI": confirm_appointment}


class Lis(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self):
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        api = APIS.get(self.path.split("?")[0].strip("/").split("/")[0])
        try:
            code, answer = api(json.loads(sent or b"{}")) if api else (404, {"error": "no such API"})
        except ValueError:
            code, answer = 400, {"error": "the body is not JSON"}
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Lis)
    server.daemon_threads = True
    server.serve_forever()
