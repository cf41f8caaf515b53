"""integration-admin preview and check: what a row would send, and what is wrong with it, before it is used."""
import json

import pytest

from fleet.stack import dev

TOKEN = "hunter2-token"


def preview(row, entity, *more, check=True):
    return dev("run", "integration-admin", "preview", "--integration", row, "--entity", entity, *more, check=check)


def check(row, env=None):
    return dev("run", "integration-admin", "check", "--integration", row, check=False, env=env)


@pytest.fixture
def bill(world):
    return world.lab.bill()


@pytest.mark.parametrize("options", [
    pytest.param({}, id="json"),
    pytest.param({"request_type": 2, "template_text": '{"name": "{{patient.full_name}}"}'}, id="template"),
    pytest.param({"request_type": 0}, id="get"),
    pytest.param({"payload_type": "FORM", "template_text": "name={{patient.full_name}}&bill={{bill.bill_id}}"}, id="form"),
])
def test_a_preview_is_what_is_sent(world, partner, bill, options):
    row = world.row(1, partner.url("/hook?a=1"), headers={"X-Lab": "17"}, extra={"auth": {"type": "bearer", "token": TOKEN}},
                    **options)
    shown = json.loads(preview(row, f"bill/{bill.id}", "--json").stdout)
    assert partner.requests == [], "nothing is sent"
    assert world.logs() == [], "and nothing logged"

    log = world.wait_log(world.bill_event(bill=bill), row)
    request = partner.requests[0]
    assert shown["method"] == request.method
    assert shown["end_point"].startswith(partner.url("/hook?a=1"))
    assert shown["end_point"].lower().endswith(request.target.lower()), "but for the case of percent-encoding"
    if request.method != "GET":
        assert shown["request_body"].encode() == request.body
    assert shown["payload_sha256"] == log["payload_sha256"]
    assert set(shown["request_headers"]) == set(log["request_headers"])
    assert shown["request_headers"]["authorization"] == "***"
    assert shown["request_headers"]["X-Lab"] == "17"


def test_people_read_it_as_a_request_without_secrets(world, bill):
    row = world.row(1, "https://partner.example/hook?token=hunter2", extra={"x-api-key": "hunter2"}, is_disable=True)
    run = preview(row, f"bill/{bill.id}")
    head, _, body = run.stdout.partition("\n\n")
    assert head.startswith("POST https://partner.example/hook?token=***\n")
    assert "x-api-key: ***" in head and "hunter2" not in run.stdout
    assert json.loads(body)["webhookId"] == 1
    assert "switched off" in run.stderr


def test_what_would_not_be_sent_says_why(world, bill):
    row = world.row(1, "https://partner.example/hook")
    paid = world.row(5, "https://partner.example/hook")
    world.lab.cancel(bill.id)
    other = world.lab.bill()
    for said, run in [
            ("SUPERSEDED", preview(row, f"bill/{bill.id}", check=False)),
            ("is not in lab", preview(row, "bill/1", check=False)),
            ("write bill/ID", preview(row, f"patient/{bill.patient_id}", check=False)),
            ("payment_id is missing", preview(paid, f"bill/{other.id}", check=False)),
            ("payment_id must be", preview(paid, f"bill/{other.id}", "--event", '{"payment_id": "x"}', check=False)),
            ("no integration has this id", preview(10**15, "bill/1", check=False))]:
        assert run.returncode != 0 and said in run.stderr, run.stderr


def test_the_event_may_say_what_the_action_needs(world, bill):
    payment = world.lab.payment(bill.id, "REFUND")
    row = world.row(5, "https://partner.example/hook")
    run = preview(row, f"bill/{bill.id}", "--event", json.dumps({"payment_id": payment}), "--json")
    assert json.loads(json.loads(run.stdout)["request_body"])["webhookId"] == 5


def test_every_fault_of_a_row_is_named(world):
    row = world.row(1, "partner.example", template_text="{{#a}}\n {{>b}}", headers={"X A": "1"}, extra={"colour": "hunter2"})
    run = check(row)
    assert run.returncode == 1
    for said in ("url must begin with http", "template_text, line 2, column 2: partials", "headers: a name",
                 "integration_extra_details.colour is not a known key"):
        assert f"{row}: {said}" in run.stdout
    assert "hunter2" not in run.stdout
    assert check(world.row(1, "https://partner.example/")).returncode == 0


def test_a_secret_of_another_key_is_named(world):
    row = world.row(1, "https://partner.example/", extra={"auth": {"type": "bearer", "token": TOKEN}})
    dev("run", "retry-scheduler", "--once")
    assert check(row).returncode == 0
    for env, said in (({"SECRETS_KEY": "another key of enough characters"}, "give that one as SECRETS_KEY_PREVIOUS"),
                      ({"SECRETS_KEY": ""}, "SECRETS_KEY is not set")):
        run = check(row, env)
        assert run.returncode == 1 and f"{row}: integration_extra_details.auth.token" in run.stdout and said in run.stdout
    key = world.stack.env["SECRETS_KEY"]
    assert check(row, {"SECRETS_KEY": "another key of enough characters", "SECRETS_KEY_PREVIOUS": key}).returncode == 0
