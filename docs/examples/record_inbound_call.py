"""Records the calls of a Django view with the inbound gateway: @record_inbound_call("LHRegisterBillAPI")."""
import functools
import json
import os
import queue
import threading
import time
import urllib.request
import uuid

waiting = queue.Queue(maxsize=10_000)  # full: the record is dropped, the call is not


def send():
    while True:
        record = waiting.get()
        request = urllib.request.Request(os.environ["GATEWAY_URL"] + "/inbound-calls", json.dumps(record).encode(),
                                         {"x-internal-token": os.environ["INTERNAL_TOKEN"]})
        for pause in (1, 2, 5, 10, 30, 60, 0):
            try:
                urllib.request.urlopen(request, timeout=10).close()
                break
            except OSError as error:  # 400: it never will be taken
                if getattr(error, "code", 503) < 500 or not pause:
                    break
                time.sleep(pause)


threading.Thread(target=send, daemon=True, name="inbound-calls").start()


def record_inbound_call(operation, key=lambda request: request.headers.get("x-auth-key")):
    def decorate(view):
        @functools.wraps(view)
        def recorded(request, *args, **kwargs):
            began, response, error = time.time(), None, None
            body = request.body.decode(errors="replace")
            try:
                response = view(request, *args, **kwargs)
                return response
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"
                raise
            finally:
                record = {"record_id": str(uuid.uuid4()), "operation": operation, "auth_key": key(request),
                          "method": request.method, "path": request.path, "end_point": request.get_full_path(),
                          "ip": request.META.get("REMOTE_ADDR"), "origin": request.headers.get("origin"),
                          "request_headers": dict(request.headers), "request_body": body, "error_message": error,
                          "response_status_code": response.status_code if response else 500,
                          "response_headers": dict(response.headers) if response else None,
                          "response_body": response.content.decode(errors="replace") if response else None,
                          "response_time": (time.time() - began) * 1000}
                try:
                    waiting.put_nowait(record)
                except queue.Full:
                    pass
        return recorded
    return decorate
