"""The table of routes, the OpenAPI document and what the server does are one."""
import json
import re
import uuid

import pytest
from jsonschema import Draft202012Validator

from fleet.dashboard import Dashboard
from fleet.stack import ROOT, dev, http
from partners import Partner, Reply

DOCUMENT = json.loads((ROOT / "services/dashboard/openapi.json").read_text())
OPERATIONS = [(method.upper(), path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()]
ROLES = ["none", "viewer", "operator", "admin"]


def table():
    """(method, path): role, out of routes.c."""
    text = (ROOT / "services/dashboard/routes.c").read_text()
    text = text[text.index("routes[] = {"):text.index("static const struct route files")]
    rows = re.findall(r'\.method = "(\w+)",\s*\.path = (API )?"([^"]+)",(?:\s*\.role = ROLE_(\w+),)?', text)
    assert len(rows) == text.count(".method")
    return {(method, ("/api/v1" if api else "") + path): (role or "NONE").lower() for method, api, path, role in rows}


def test_the_document_is_the_table():
    assert {(method, path): operation["x-role"] for method, path, operation in OPERATIONS} == table()


def test_the_document_is_served(stack):
    assert Dashboard(stack, token="").get("/openapi.json") == DOCUMENT


@pytest.fixture(scope="module")
def tokens(stack):
    """A token a role, for a lab that has nothing."""
    def make(role):
        login = f"matrix-{role}-{uuid.uuid4().hex[:10]}"
        dev("run", "integration-admin", "user", "add", "--role", role, "--lab", 999000222, login)
        return dev("run", "integration-admin", "user", "token", login).stdout.strip()
    return {role: make(role) for role in ROLES[1:]}


@pytest.fixture(scope="module")
def theirs(stack):
    """Things of a lab that none of these users may see."""
    from fleet.events import Publisher
    from fleet.world import World
    world = World(stack, Publisher(stack))
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    dashboard = Dashboard(stack)
    preview = dashboard.post("logs/retry", {"filter": {"lab_id": world.lab.id}, "dry_run": True})
    run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "matrix", "start_paused": True}, code=202)
    row = log["lab_integration_id"]
    yield {"log_id": str(log["_id"]), "lab_id": world.lab.id, "auth_id": world.auth, "integration_id": row, "run_id": run["id"],
           "lane": world.auth, "task_id": "0-999999999", "kind": "bill", "entity": log["bill_id"], "preview_id": preview["preview_id"]}
    dashboard.post(f"retry-runs/{run['id']}/cancel")


def bodies(theirs):
    retry = {"log_id": theirs["log_id"], "lab_id": theirs["lab_id"], "retry_id": uuid.uuid4().hex}
    return {
        "post_integrations": {"lab_id": theirs["lab_id"], "id": theirs["integration_id"], "is_disable": True},
        "post_integrations_integration_id_test": {"entity_id": theirs["entity"]},
        "post_templates_preview": {"lab_id": theirs["lab_id"], "action_id": 1, "entity_id": theirs["entity"]},
        "post_logs_log_id_retry": retry, "post_integration_retry_integration": retry, "post_api_v3_integration_retry_integration": retry,
        "post_logs_log_id_reveal": {"parts": ["request"], "reason": "matrix"},
        "post_failed_tasks_task_id_reveal": {"reason": "matrix"},
        "post_logs_retry": {"ids": [theirs["log_id"]], "dry_run": True},
        "post_retry_runs": {"preview_id": theirs["preview_id"], "reason": "matrix"},
        "post_lanes_lane_pause": {"reason": "matrix"},
        "post_session": {"login": "nobody", "password": "nothing"},
    }


def answer(stack, method, path, operation, theirs, token):
    address = stack.env["DASHBOARD_URL"] + re.sub(r"\{(\w+)\}", lambda m: str(theirs[m[1]]), path)
    body = bodies(theirs).get(operation["operationId"], {} if "requestBody" in operation else None)
    return http(method, address, body, {"authorization": f"Bearer {token}"} if token else {})


def names(operations):
    return [f"{method} {path}" for method, path, _ in operations]


GUARDED = [o for o in OPERATIONS if o[2]["x-role"] != "none"]
# a stream that is allowed does not end; its own tests have it
ENDING = [o for o in GUARDED if not o[1].endswith(("/stream", "/session"))]


@pytest.mark.parametrize("method, path, operation", GUARDED, ids=names(GUARDED))
def test_nobody_and_lesser_roles_are_refused(stack, tokens, theirs, method, path, operation):
    assert answer(stack, method, path, operation, theirs, None).code == 401
    assert answer(stack, method, path, operation, theirs, "f" * 64).code == 401
    for role in ROLES[1:ROLES.index(operation["x-role"])]:
        assert answer(stack, method, path, operation, theirs, tokens[role]).code == 403, role


@pytest.mark.parametrize("method, path, operation", ENDING, ids=names(ENDING))
def test_nothing_of_another_lab_is_given_or_touched(stack, tokens, theirs, method, path, operation):
    for role in ROLES[ROLES.index(operation["x-role"]):]:
        got = answer(stack, method, path, operation, theirs, tokens[role])
        if got.code >= 400:
            assert got.code in (400, 404, 409), got.body
            continue
        text = got.body.decode()
        assert theirs["log_id"] not in text and f'"lab_id":{theirs["lab_id"]}' not in text
        if operation["operationId"] == "post_logs_retry":
            assert json.loads(text)["eligible"] == 0


def validator(schema):
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


READS = [o for o in ENDING if o[0] == "GET" and "application/json" in o[2]["responses"]["200"]["content"]]


@pytest.mark.parametrize("method, path, operation", READS, ids=names(READS))
def test_answers_are_as_documented(stack, theirs, method, path, operation):
    got = answer(stack, method, path, operation, theirs, stack.env["ADMIN_TOKEN"])
    assert got.code == 200, got.body
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator(schema).iter_errors(got.json())]
    assert not faults, faults[:5]
