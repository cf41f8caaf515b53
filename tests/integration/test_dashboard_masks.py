"""What a viewer gets has nothing of a patient, whoever quotes him: every address and the stream, searched for his data."""
import json
import re
import urllib.parse
import uuid

import pytest

from fleet.dashboard import Dashboard, Session, add_user, as_role
from fleet.stack import ROOT, http
from fleet.wait import eventually
from partners import Ack, MllpPartner, Partner, Reply

DOCUMENT = json.loads((ROOT / "services/dashboard/openapi.json").read_text())
READS = [path for path, methods in DOCUMENT["paths"].items()
         if "get" in methods and path.startswith("/api/v1/") and not path.endswith("/stream") and methods["get"]["x-role"] == "viewer"]


class Seeded:
    """A patient whose data is nowhere else, and every way in which it gets into a log."""

    def __init__(self, world, stack):
        self.world, self.lab = world, world.lab.id
        mark = uuid.uuid4().hex[:12]
        digits = str(uuid.uuid4().int)[:10]
        self.data = {"first": f"Zubaida{mark}", "last": f"Qwertzuiop{mark}", "mobile": f"9{digits}", "email": f"z{mark}@patients.example",
                     "mrn": f"MRN{mark}", "street": f"{mark} Lake Road", "dob": "1931-07-23"}
        self.patient = world.lab.patient(f"{self.data['first']} {self.data['last']}", mobile=self.data["mobile"], email=self.data["email"],
                                         lab_patient_id=self.data["mrn"], address=self.data["street"], dob=self.data["dob"])
        self.bill = world.lab.bill(self.patient, comments=f"for {self.data['first']}")
        quoted = f"no {self.data['first']} {self.data['last']}, {self.data['mobile']} ({self.data['mrn']})"
        self.logs = {}
        echo = Reply(code=422, body=json.dumps({"error": quoted, self.data["first"]: [self.data["dob"]]}).encode(),
                     headers={"x-patient": self.data["mrn"]})
        more = f"ERR|PID^1^5^^^{self.data['last']}||207^{quoted}|E\r"
        with Partner([echo] * 3) as partner, MllpPartner(Ack(code="AE", text=quoted, more=more)) as peer:
            row = world.row(1, partner.url())
            self.logs["http"] = world.wait_log(world.bill_event(bill=self.bill), row)
            Dashboard(stack).post(f"logs/{self.logs['http']['_id']}/retry", {"retry_id": uuid.uuid4().hex, "lab_id": self.lab}, code=202)
            eventually(lambda: world.log(self.logs["http"]["_id"])["retry_count"] == 1 and
                       world.log(self.logs["http"]["_id"])["status"] == "FAIL", 30, what="the retry failed as well")
            row = world.row(57, "", extra=peer.details())
            self.logs["mllp"] = world.wait_log(world.publish({"action_id": 57, "lab_id": self.lab, "patient_id": self.patient}), row)
            self.run = self.run_of(stack)
        self.record(stack, quoted)
        world.publisher.raw("lis.events", str(self.lab), f'{{"lab_id": {self.lab}, "name" "{quoted}"}}')
        world.publisher.raw("integration.retries", self.data["mrn"], json.dumps({"log_id": quoted, "lab_id": self.lab, "retry_id": "x"}))

    def record(self, stack, quoted):
        """An inbound call, and a note."""
        q = urllib.parse.quote(self.data["last"])
        record = {"lab_id": self.lab, "operation": f"find/{self.data['mobile']}", "method": "POST", "record_id": uuid.uuid4().hex, "response_status_code": 404, "occurred_at": "2026-11-21T09:30:00Z",
                  "path": f"/find/{self.data['mobile']}", "end_point": f"/find/{self.data['mobile']}?name={q}",
                  "bill_id": self.bill.id, "patient_id": self.patient, "error_message": quoted,
                  "request_body": json.dumps({"billId": self.data["mrn"], "fullName": self.data["first"]}), "response_body": quoted}
        token = {"x-internal-token": stack.token}
        assert http("POST", stack.env["GATEWAY_URL"] + "/inbound-calls", record, token).code == 202
        find = {"lab_id": self.lab, "integration_type": "API"}
        eventually(lambda: self.world.logs(**find), 20, what="the inbound call's log")
        self.logs["api"] = self.world.logs(**find)[0]
        note = {"lab_id": self.lab, "bill_id": self.bill.id, "note": quoted}
        assert http("POST", stack.env["CALLBACK_URL"] + "/integration-status-callback", note, token).code in (200, 202)
        eventually(lambda: stack.sql("SELECT 1 FROM integration.activity_log WHERE lab_id = %s", [self.lab]), 20, what="the note")

    def run_of(self, stack):
        """A bulk retry that failed with the partner's words."""
        dashboard = Dashboard(stack)
        preview = dashboard.post("logs/retry", {"filter": {"lab_id": self.lab, "q": str(self.patient)}, "dry_run": True})
        run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "again", "stop_when_failing": 0}, code=202)
        eventually(lambda: dashboard.get(f"retry-runs/{run['id']}")["ended_at"], 60, what="the run's end")
        return run["id"]

    def found_in(self, text):
        """What of the patient is in it; the fields that a name could be split into, too."""
        text = text.encode().decode("unicode_escape", "replace") + text + urllib.parse.unquote(text)
        return {name for name, value in self.data.items() if value in text}


@pytest.fixture(scope="module")
def seeded(stack):
    from fleet.events import Publisher
    from fleet.world import World
    viewer = None
    world = World(stack, Publisher(stack))
    viewer = as_role(stack, "viewer", world.lab.id)
    with viewer.stream() as stream:
        seeded = Seeded(world, stack)
        seeded.viewer, seeded.stream = viewer, stream
        eventually(lambda: stream.of(seeded.logs["mllp"]["_id"]) and stream.data("run"), 20, what="the stream has it")
    return seeded


def of(seeded, name, log):
    return str({"log_id": seeded.logs[log]["_id"], "lab_id": seeded.lab, "auth_id": seeded.world.auth, "run_id": seeded.run,
                "integration_id": seeded.logs["http"]["lab_integration_id"], "kind": "bill", "entity": seeded.bill.id}[name])


def test_the_seeds_are_there_for_who_may_see_them(seeded, stack):
    admin = Dashboard(stack)
    for log in ("http", "mllp", "api"):
        assert {"first", "last", "mobile"} & seeded.found_in(json.dumps(admin.get(f"logs/{seeded.logs[log]['_id']}"), ensure_ascii=False)), log
    lists = json.dumps([admin.get("logs", lab_id=seeded.lab), admin.get("activity", lab_id=seeded.lab), admin.get("logs/groups", lab_id=seeded.lab)])
    assert {"first", "last", "mobile", "mrn"} <= seeded.found_in(lists)
    assert seeded.found_in(json.dumps(admin.get(f"retry-runs/{seeded.run}/items")))
    eventually(lambda: {"first", "mrn"} <= seeded.found_in(json.dumps(admin.get("failed-tasks", limit=100))), 20, what="the failed tasks")
    assert len([task for task in seeded.viewer.get("failed-tasks", limit=100)["items"] if task["lab_id"] == seeded.lab]) == 2


@pytest.mark.parametrize("log", ["http", "mllp", "api"])
@pytest.mark.parametrize("path", READS)
def test_a_viewer_finds_nothing(seeded, path, log):
    address = re.sub(r"\{(\w+)\}", lambda m: of(seeded, m[1], log), path)
    answer = seeded.viewer.ask("GET", address, limit=None)
    assert answer.code == 200, answer.body
    assert seeded.found_in(answer.body.decode()) == set() and f'"patient_id":{seeded.patient}' not in answer.body.decode()


@pytest.mark.parametrize("parameters", [{"tab": "errors"}, {"tab": "api"}, {"tab": "webhook"}, {"q": "bill"}], ids=str)
def test_nor_in_any_list(seeded, parameters):
    parameters = {k: str(seeded.bill.id) if v == "bill" else v for k, v in parameters.items()}
    items = seeded.viewer.get("logs", **parameters)["items"]
    assert items and seeded.found_in(json.dumps(items, ensure_ascii=False)) == set()
    for item in items:
        assert {"patient_id", "error_message"} <= set(item["masked"]) or item["status"] == "SUCCESS"


def test_nor_by_guessing(seeded, stack):
    """Words are looked for in what is shown: no answer tells whether a masked one has them."""
    admin = Dashboard(stack)
    for name in ("first", "last", "mobile", "mrn"):
        guess = {"lab_id": seeded.lab, "q": seeded.data[name], "from": "-24h"}
        assert admin.get("logs", **guess)["items"], name
        assert seeded.viewer.get("logs", **guess)["items"] == []
        assert seeded.viewer.get("logs/counts", **guess)["total"]["count"] == 0
        assert seeded.viewer.get("logs/groups", **guess)["items"] == []
        assert seeded.viewer.get("stats", **guess)["totals"]["total"] == 0
        assert len(seeded.viewer.ask("GET", "logs.csv", **guess).body.splitlines()) == 1
    shown = seeded.viewer.get("logs", lab_id=seeded.lab, q="partner REFUSED")["items"]
    assert [item["log_id"] for item in shown] == [str(seeded.logs["http"]["_id"])]
    assert admin.get("logs", lab_id=seeded.lab, q="partner REFUSED")["items"] == []


def test_nor_in_the_stream_or_by_a_patients_trace(seeded):
    events = json.dumps(seeded.stream.events, ensure_ascii=False)
    assert "The partner refused it" in events and seeded.found_in(events) == set()
    assert seeded.found_in(json.dumps(seeded.viewer.get(f"trace/patient/{seeded.patient}"))) == set()


def test_what_is_no_patients_is_shown(seeded):
    log = seeded.viewer.get(f"logs/{seeded.logs['http']['_id']}")
    body = json.loads(log["request_body"])
    assert (body["webhookId"], body["billId"], body["labId"]["labId"], body["orderNumber"]) == (1, seeded.bill.id, seeded.lab, f"ORD-{seeded.bill.id}")
    assert body["Patient Name"] == "•••" and log["error_message"] == "The partner refused it" and log["response_status_code"] == 422
    assert {"request_body", "response_body", "response_headers", "patient_id", "error_message", "retry_context"} <= set(log["masked"])
    assert log["request_headers"]["content-type" if "content-type" in log["request_headers"] else "Content-Type"].startswith("application/json")
    message = seeded.viewer.get(f"logs/{seeded.logs['mllp']['_id']}")
    pid = next(s for s in message["request_body"].split("\r") if s.startswith("PID"))
    assert message["request_body"].startswith("MSH|^~\\&|") and pid.split("|")[3] == pid.split("|")[5] == "•••"
    assert "MSA|AE|" in message["response_body"]
    call = seeded.viewer.get(f"logs/{seeded.logs['api']['_id']}")
    assert (call["path"], call["end_point"], call["operation"]) == ("/find/•••", "/find/•••?•••", "find/•••")


def test_in_the_page_an_operator_sees_it_with_a_reason(seeded, stack):
    session = Session(stack, *add_user("operator", [seeded.lab]))
    path = f"logs/{seeded.logs['http']['_id']}"
    log = session.get(path)
    assert seeded.found_in(log["request_body"] + str(log["response_body"]) + str(log["response_headers"])) == set()
    assert "first" in seeded.found_in(log["error_message"]) and log["masked"]
    shown = session.post(path + "/reveal", {"parts": ["request", "response"], "reason": "a test asks"})["log"]
    assert {"first", "last", "mobile"} <= seeded.found_in(shown["request_body"])
    assert {"first", "mrn"} <= seeded.found_in(shown["response_body"])
