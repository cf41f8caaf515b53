"""Fax vendors as their documents describe them: HumbleFax (api.humblefax.com) and Documo (docs.documo.com).

A vendor takes faxes and holds them until the test says what became of them: `vendor.end(fax, "failure", ...)`. Its
webhooks go out only when the test sends them."""
import base64
import itertools
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP

from fleet.stack import http

from .http import Partner, Reply

ACCESS_KEY, SECRET_KEY = "access-0123456789", "secret-hunter2-9876"
FROM = "12025550100"


def answer(body, code=200, **more):
    return Reply(code=code, body=json.dumps(body).encode(), **more)


@dataclass
class Fax:
    id: str
    numbers: list
    document: list  # the PDFs' bytes
    cover: dict
    uuid: str = ""
    status: str = ""
    pages: int = 3
    pages_sent: int = 0
    reason: str = ""
    created: int = field(default_factory=lambda: int(time.time()))


class Vendor:
    """`faults[step]` answers instead (a Reply, or a function of the request); `after[step]` runs when the vendor has
    taken the step, before it answers. `limit`: requests a second; who exceeds it is blocked for `blocked` seconds."""

    steps = {}  # (method, pattern of the path) -> name of the step and of the method that serves it

    def __init__(self, limit=None, blocked=60):
        self.faxes = {}
        self.calls = []  # (time, step)
        self.faults, self.after = {}, {}
        self.limit, self.blocked = limit, blocked
        self.exceeded = 0
        self._blocked_until = 0
        self._lock = threading.Lock()
        self._partner = Partner(self._serve)

    def __enter__(self):
        self._partner.__enter__()
        return self

    def __exit__(self, *_):
        self._partner.__exit__()

    @property
    def url(self):
        return self._partner.url("")

    @property
    def requests(self):
        return self._partner.requests

    def details(self, **more):
        return {"transport": "fax", "vendor": self.name, "timeout_ms": 5000,
                "fax": {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "from": FROM}, **more}

    def count(self, step):
        return sum(name == step for _, name in self.calls)

    def fax(self):
        """The one fax that went out."""
        only, = self.faxes.values()
        return only

    def end(self, fax, status, pages_sent=None, reason=""):
        fax.status, fax.reason = status, reason
        fax.pages_sent = fax.pages if pages_sent is None else pages_sent

    def webhook(self, stack, secret, body):
        return http("POST", f"{stack.env['CALLBACK_URL']}/vendor-callbacks/{self.name}/{secret}", body).code

    # ---- the server ----
    def _serve(self, request):
        with self._lock:
            refusal = self._refusal(request)
        if refusal:
            return refusal
        for (method, pattern), step in self.steps.items():
            found = re.fullmatch(pattern, request.path)
            if method == request.method and found:
                return self._step(step, request, found)
        return answer({"result": "failure", "error": "no such method"}, 404)

    def _refusal(self, request):
        now = time.time()
        if now < self._blocked_until:
            return answer({"result": "failure", "error": "tooManyRequests"}, 429)
        self.calls.append((now, request.path.strip("/").split("/")[0]))
        if self.limit and sum(at > now - 1 for at, _ in self.calls) > self.limit:
            self.exceeded += 1
            self._blocked_until = now + self.blocked
            return answer({"result": "failure", "error": "tooManyRequests"}, 429,
                          headers={"content-type": "application/json", "retry-after": str(self.blocked)})
        if request.headers.get("authorization") != self.authorization:
            return answer({"result": "failure", "error": "loginFailure"}, 401)
        return None

    def _step(self, step, request, found):
        self.calls[-1] = (self.calls[-1][0], step)
        fault = self.faults.get(step)
        if fault:
            return fault(request) if callable(fault) else fault
        reply = getattr(self, step)(request, *found.groups())
        after = self.after.get(step)
        return (after() or reply) if after else reply


def parts(request):
    """The parts of a multipart/form-data body: [(name, file name, content)]."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body)
    assert message.is_multipart()
    return [(part.get_param("name", header="content-disposition"), part.get_filename(),
             part.get_payload(decode=True)) for part in message.iter_parts()]


class HumbleFax(Vendor):
    name = "humblefax"
    authorization = "Basic " + base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()
    steps = {("POST", r"/tmpFax"): "create", ("POST", r"/attachment/(\w+)"): "attach",
             ("POST", r"/tmpFax/(\w+)/send"): "send", ("GET", r"/sentFax/(\w+)"): "status",
             ("GET", r"/sentFaxes"): "list"}

    def __init__(self, limit=5, **options):
        super().__init__(limit, **options)
        self.drafts = {}
        self._ids = itertools.count(int(time.time()) * 1000)

    def create(self, request):
        draft = request.json()
        wrong = [n for n in draft["recipients"] if not re.fullmatch(r"1[2-9]\d\d[2-9]\d{6}", str(n))]
        if wrong or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", draft["uuid"]):
            return answer({"result": "failure", "error": "invalidRecipient"}, 400)
        draft_id = str(next(self._ids))
        self.drafts[draft_id] = (draft, [])
        return answer({"result": "success", "data": {"tmpFax": {"id": int(draft_id), "uuid": draft["uuid"]}}})

    def attach(self, request, draft_id):
        if draft_id not in self.drafts:
            return answer({"result": "failure", "error": "tmpFaxNotFound"}, 404)
        (_, file_name, content), = parts(request)
        assert file_name
        self.drafts[draft_id][1].append(content)
        return answer({"result": "success", "data": {"attachment": {"numPages": 3}}})

    def send(self, _, draft_id):
        if draft_id not in self.drafts:
            return answer({"result": "failure", "error": "tmpFaxNotFound"}, 404)
        draft, documents = self.drafts.pop(draft_id)
        fax = Fax(str(next(self._ids)), draft["recipients"], documents, draft, draft["uuid"], "in progress")
        self.faxes[fax.id] = fax
        return answer({"result": "success", "data": {"sentFax": self._shown(fax)}})

    def status(self, _, fax_id):
        fax = self.faxes.get(fax_id)
        if not fax:
            return answer({"result": "failure", "error": "faxNotFound"}, 404)
        return answer({"result": "success", "data": {"sentFax": self._shown(fax)}})

    def list(self, request):
        begin, end = (int(request.query[key]) for key in ("timeFrom", "timeTo"))
        ids = [int(fax.id) for fax in self.faxes.values() if begin <= fax.created <= end]
        return answer({"result": "success", "data": {"sentFaxIds": ids}})

    def _shown(self, fax):
        over = fax.status not in ("in progress", "scheduled")
        call = {"status": fax.status, "pagesSent": fax.pages_sent, "bitRate": 14400,
                **({"failureReason": fax.reason} if fax.reason else {})}
        recipients = [{"toNumber": str(number), "status": fax.status, "numAttempts": int(over),
                       "attempts": [{"status": fax.status, "numCalls": 1, "numPagesSent": fax.pages_sent,
                                     "calls": [call]}] if over else []} for number in fax.numbers]
        sent = {"success": len(fax.numbers), "partial success": 1}.get(fax.status, 0)
        return {"id": fax.id, "uuid": fax.uuid, "status": fax.status, "timestamp": str(fax.created),
                "fromNumber": FROM, "numPages": str(fax.pages), "numSuccesses": sent,
                "numInProgress": 0 if over else len(fax.numbers), "numFailures": len(fax.numbers) - sent if over else 0,
                "recipients": recipients}

    def notice(self, fax, **more):
        """What its webhook says."""
        return {"type": "SentFax.SendComplete", "webhookMsgId": uuid.uuid4().hex,
                "data": {"SentFax": {**self._shown(fax), **more}}}


class Documo(Vendor):
    name = "documo"
    authorization = f"Basic {ACCESS_KEY}"
    steps = {("POST", r"/v1/faxes"): "send", ("GET", r"/v1/fax/([\w-]+)/info"): "status"}

    def send(self, request):
        sent = parts(request)
        cover = {name: content.decode() for name, file_name, content in sent if not file_name}
        documents = [content for name, file_name, content in sent if name == "attachments" and file_name]
        if not re.fullmatch(r"\+?\d{8,15}", cover.get("faxNumber", "")) or not documents:
            return answer({"error": {"name": "BadRequestError", "message": "faxNumber is not valid"}}, 400)
        fax = Fax(str(uuid.uuid4()), [cover["faxNumber"]], documents, cover, status="processing")
        self.faxes[fax.id] = fax
        return answer(self._shown(fax))

    def status(self, _, fax_id):
        fax = self.faxes.get(fax_id)
        return answer(self._shown(fax)) if fax else answer({"error": {"message": "Fax not found"}}, 404)

    def _shown(self, fax):
        return {"messageId": fax.id, "status": fax.status, "faxNumber": "+" + fax.numbers[0].lstrip("+"),
                "pagesCount": fax.pages, "pagesComplete": fax.pages_sent, "resultInfo": fax.reason or "OK",
                "resultCode": "0" if fax.status in ("processing", "success") else "3931"}

    def notice(self, fax, event="fax.v1.outbound.complete"):
        return {"id": uuid.uuid4().hex, "event": event, "data": {"id": fax.id, **self._shown(fax)}}
