"""Schemathesis reads the API's document and holds the server to it: it finds nothing."""
import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fleet.dashboard import Dashboard, add_token, add_user
from fleet.stack import ROOT
from partners import Partner, Reply

# The same requests each time; FUZZ_SECONDS makes others, for longer.
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SEARCHING = "FUZZ_SECONDS" in os.environ
# A stream does not end, and what a row may hold is said by its faults, which a document cannot: below, both are asked by tables.
CONFIG = """
max-time = {seconds}
warnings = false

[auth.openapi.bearer]
bearer = "{token}"

[generation]
with-security-parameters = false
max-examples = {examples}
deterministic = {deterministic}

[phases.stateful]
enabled = false

[parameters]
{parameters}

[[operations]]
include-path = "/api/v1/stream"
enabled = false

[[operations]]
include-path = "/api/v1/integrations"
include-method = "POST"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


@pytest.mark.timeout(SECONDS * 5)
def test_schemathesis_finds_nothing(world, stack, dashboard, tmp_path):
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    preview = dashboard.post("logs/retry", {"filter": {"lab_id": world.lab.id}, "dry_run": True})
    run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "fuzzed", "start_paused": True}, code=202)
    known = {"lab_id": world.lab.id, "auth_id": world.auth, "integration_id": log["lab_integration_id"], "log_id": str(log["_id"]),
             "run_id": run["id"], "lane": str(world.auth), "kind": "bill", "entity": str(log["bill_id"])}
    parameters = "\n".join(f'"path.{name}" = {value!r}' for name, value in known.items())
    token = add_token(add_user("admin", [world.lab.id])[0])
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(
        seconds=SECONDS, token=token, parameters=parameters, examples=20 if SEARCHING else 4, deterministic=str(not SEARCHING).lower()))
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run([sys.executable, program, "run", stack.env["DASHBOARD_URL"] + "/openapi.json", "--no-color",
                           "--phases", "coverage,fuzzing"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS * 4, check=False)
    print(done.stdout[-20000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 0" not in done.stdout and " generated" in done.stdout
    dashboard.post(f"retry-runs/{run['id']}/cancel")
    assert dashboard.get("health")["stores"]["postgres"]


DOCUMENT = json.loads((ROOT / "services/dashboard/openapi.json").read_text())


def is_as_documented(operation, code, kind, body):
    """The answer's code, type and shape are among those of the document."""
    answer = operation["responses"][str(code)]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    schema = answer["content"][kind.split(";")[0]]["schema"]
    if kind.startswith("application/"):
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(json.loads(body))
    return True


@pytest.mark.parametrize("headers", [{}, {"last-event-id": "1.2.3"}, {"last-event-id": "\u00ff" * 200}, {"last-event-id": ""}], ids=lambda h: str(h)[:24])
@pytest.mark.parametrize("query, code", [
    ("", 200), ("lab_id=", 200), ("lab_id=1", 200), ("lab_id=9007199254740991", 200), ("lab_id=0", 400), ("lab_id=-1", 400),
    ("lab_id=9007199254740992", 400), ("lab_id=1e3", 400), ("lab_id=null", 400), ("lab_id=1%00", 400), ("lab_id=%ff", 400),
])
def test_a_stream_begins_as_the_document_says(stack, query, code, headers):
    connection = http.client.HTTPConnection(stack.env["DASHBOARD_URL"].removeprefix("http://"), timeout=15)
    connection.request("GET", f"/api/v1/stream?{query}", headers={"authorization": f"Bearer {stack.env['ADMIN_TOKEN']}", **headers})
    answer = connection.getresponse()
    assert answer.status == code
    first = answer.fp.readline() if code == 200 else answer.read()
    assert first and is_as_documented(DOCUMENT["paths"]["/api/v1/stream"]["get"], code, answer.headers["content-type"], first)
    connection.close()


SAVE = DOCUMENT["paths"]["/api/v1/integrations"]["post"]
INPUT = DOCUMENT["components"]["schemas"]["IntegrationInput"]
WORDS = {"date-time": ["2027-01-01T00:00:00Z"], None: ["", "a", "http://127.0.0.1:1/", "{{bill.bill_id}}", "\u00e4\U0001f9ea", "x" * 5000]}


def values_of(schema):
    """Of each kind that the schema lets through, its least, its greatest and something in between."""
    for one in schema.get("anyOf", [schema]):
        for kind in ([one["type"]] if isinstance(one["type"], str) else one["type"]):
            if "enum" in one:
                yield from one["enum"][:1] + one["enum"][-1:]
            elif kind == "integer":
                yield from sorted({one.get("minimum", -5), one.get("maximum", 2**53 - 1), 1})
            elif kind == "string":
                yield from (word for word in WORDS[one.get("format")] if one.get("minLength", 0) <= len(word) <= one.get("maxLength", 10**6))
            else:
                yield from {"boolean": [True, False], "null": [None], "array": [[], [1, 2]], "object": [{}, {"a": "b"}, {"a": {"b": []}}]}[kind]


@pytest.mark.parametrize("name, value", [(name, value) for name, schema in INPUT["properties"].items() for value in values_of(schema)],
                         ids=lambda v: repr(v)[:24])
def test_a_documented_row_is_taken_or_its_fault_is_named(world, stack, dashboard, name, value):
    said = {"lab_id": world.lab.id, "url": "http://127.0.0.1:1/", "action_category_list_id": 1, "developer_name": "Fuzzed", name: value}
    Draft202012Validator({**INPUT, "components": DOCUMENT["components"]}).validate(said)
    answer = dashboard.ask("POST", "integrations", said)
    stack.sql("UPDATE integration.lab_integration SET is_disable = true, url = '' WHERE auth_id IN"
              " (SELECT id FROM integration.developer_authentication WHERE lab_id = %s)", [world.lab.id])
    assert is_as_documented(SAVE, answer.code, {k.lower(): v for k, v in answer.headers.items()}["content-type"], answer.body)
    if answer.code != 200:
        problem = answer.json()
        named = {error["pointer"].split("/")[1] for error in problem.get("errors", []) if error["pointer"]}
        assert name in named or name in problem["detail"] or answer.code == 404, problem
