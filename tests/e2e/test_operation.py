"""What an operator sees: health, metrics, configuration, logs of the programs, secrets nowhere."""
import json
import re
import subprocess

import pytest

from fleet.stack import ROOT, SERVICES, dev, http
from partners import Partner

SECRETS = {"x-api-key": "masked-api-key-0001", "token": "masked-bearer-0002", "password": "masked-password-0003",
           "whsec": "whsec_bWFza2VkLXNlY3JldC0wMDA0LW1hc2tlZC1zZWNyZXQ="}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_each_service_answers_on_its_health_port(stack, service, path):
    assert http("GET", stack.health_url(service) + path, timeout=5).code == 200


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_prometheus_text(stack, service):
    text = http("GET", stack.health_url(service) + "/metrics").body.decode()
    line = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*"(,[a-zA-Z_]+="(\\.|[^"\\])*")*\})? \S+$')
    for each in text.splitlines():
        assert each.startswith("# ") or not each or line.match(each), each
    assert "# TYPE" in text


# The dashboard reads what is new and leaves nothing behind.
@pytest.mark.parametrize("service", [name for name in SERVICES if name != "dashboard"])
def test_the_age_of_the_oldest_unhandled_message_is_exported(stack, service):
    assert any("oldest" in name or "backlog_age" in name or "spool_age" in name for name in stack.metrics(service)), \
        sorted(stack.metrics(service))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("option", ["--help", "--version", "--print-config", "--check-config"])
def test_command_line(stack, service, option):
    run = dev("run", service, option)
    if option != "--check-config":
        assert run.stdout.strip()
    if option == "--print-config":
        assert "KAFKA_BROKERS" in run.stdout or service == "outbox-relay"


@pytest.mark.parametrize("service", SERVICES)
def test_check_config_names_every_faulty_key_at_once_and_exits_78(stack, service):
    run = dev("run", service, "--check-config", check=False,
              env={"DRAIN_TIMEOUT": "soon-secret", "HEALTH_PORT": "many-secret"})
    said = run.stdout + run.stderr
    assert run.returncode == 78, said
    assert "DRAIN_TIMEOUT" in said and "HEALTH_PORT" in said
    assert "secret" not in said


@pytest.mark.parametrize("service, key, value", [
    ("dispatcher", "ALLOW_PRIVATE_DESTINATIONS", "10.0.0.0/99"), ("dashboard", "ALLOW_PRIVATE_DESTINATIONS", "here"),
    ("retry-scheduler", "AUTO_RETRY_PATTERNS", "kind=mood"), ("retry-scheduler", "AUTO_RETRY_FROM", "yesterday"),
    ("trigger", "KAFKA_OPTIONS", "security.protocol=hope"), ("callback", "KAFKA_TOPIC_PREFIX", "lab 1/"),
    ("inbound-gateway", "GATEWAY_TRUSTED_HOPS", "proxy.example"), ("inbound-gateway", "LIS_UPSTREAM_URL", "http://lis.example/api"),
])
def test_a_text_that_means_nothing_is_named_beside_the_others(stack, service, key, value):
    run = dev("run", service, "--check-config", check=False, env={"DRAIN_TIMEOUT": "soon", key: value})
    said = run.stdout + run.stderr
    assert run.returncode == 78 and "DRAIN_TIMEOUT: " in said and f"{key}: " in said, said


def test_print_config_shows_no_secret(stack):
    run = dev("run", "callback", "--print-config")
    assert stack.token not in run.stdout


def test_dev_status_has_a_line_for_each_program(stack):
    names = [line.split()[0] for line in dev("status").stdout.splitlines() if line.strip()]
    for program in ["kafka", "postgres", "mongodb", *SERVICES]:
        assert any(name.startswith(program) for name in names), (program, names)


def test_program_logs_are_json_lines_without_secrets_or_patients(world, stack):
    extra = {"x-api-key": SECRETS["x-api-key"], "webhook_secret": SECRETS["whsec"],
             "auth": {"type": "basic", "username": "u", "password": SECRETS["password"]}}
    patient = world.lab.patient("Zebedee Unmistakable")
    with Partner() as partner:
        row = world.row(57, partner.url("/h?api_key=masked-query-0005"), extra=extra,
                        headers={"Authorization": "Bearer " + SECRETS["token"], "Cookie": "masked-cookie-0006"})
        event = world.publish({"action_id": 57, "lab_id": world.lab.id, "patient_id": patient})
        log = world.wait_log(event, row)
        assert partner.requests
    broken = world.row(58, "http://127.0.0.1:1/", extra={**extra, "unknown": SECRETS["password"]})
    world.wait_log(world.publish({"action_id": 58, "lab_id": world.lab.id, "patient_id": patient}), broken)
    shown = str(log["request_headers"])
    for service in SERVICES:
        text = dev("logs", service).stdout
        for secret in (*SECRETS.values(), stack.token, "masked-cookie-0006", "Zebedee", "Unmistakable"):
            assert secret not in text, f"{secret} in the log of {service}"
            assert secret not in shown
        for metrics_text in (http("GET", stack.health_url(service) + "/metrics").body.decode(),):
            assert "Zebedee" not in metrics_text


@pytest.mark.parametrize("service", ["trigger", "dispatcher", "callback"])
def test_program_logs_are_one_json_line_a_fact(stack, service):
    lines = [line for line in dev("logs", service).stdout.splitlines() if line.strip().startswith("{")]
    assert lines
    for line in lines[-200:]:
        fact = json.loads(line)
        assert {"time", "level", "service", "event", "message"} <= set(fact)


def test_the_action_tables_hold_the_31_actions(stack):
    rows = stack.sql("SELECT l.id, l.name, c.name FROM integration.action_category_list l"
                     " JOIN integration.action_category c ON c.id = l.action_category_id")
    assert len(rows) == 31
    names = {row[0]: row[1:] for row in rows}
    assert names[35] == ("Report Submit — Consolidated Structured Format", "Billing")
    assert names[61] == ("Claim Approval Webhook (Remittance)", "Billing")
    assert names[10] == ("Report Save (With Values)", "Reporting & Results")
    assert names[43] == ("Home Collection Initiated", "Appointments & Home Collection")
    assert {category for _, category in names.values()} == {
        "Billing", "Sample Lifecycle", "Reporting & Results", "Registration & Setup", "Appointments & Home Collection"}


# ---- integration-admin ----

def admin(*args, check=True):
    return dev("run", "integration-admin", *args, check=check)


def test_admin_shows_a_log(world, partner):
    log = world.deliver(partner.url())
    shown = admin("logs", "show", str(log["_id"])).stdout
    assert str(log["_id"]) in shown and "SUCCESS" in shown
    assert admin("logs", "show", "0" * 24, check=False).returncode != 0


def test_admin_lists_logs(world, partner):
    log = world.deliver(partner.url())
    assert str(log["_id"]) in admin("logs", "list").stdout


def test_admin_lists_shows_and_requeues_a_failed_task(world, partner, stack):
    """A bill event whose action was unknown once: requeued, it goes through its topic again."""
    from fleet.topics import Topic
    failed = Topic(stack, "integration.failed-tasks")
    events = Topic(stack, "lis.events")
    value = b'{"broken": ' + str(world.lab.id).encode()
    headers = [("content-type", b"application/cloudevents+json")]
    partition, offset = world.publisher.raw("lis.events", str(world.lab.id), value, headers)
    task = failed.until(lambda m: (m.text("source_partition"), m.text("source_offset")) == (str(partition), str(offset)))[0]
    listed = admin("failed-tasks", "list").stdout
    name = f"{task.partition}/{task.offset}"
    assert any(line.split()[0] == name for line in listed.splitlines()), listed
    assert "broken" in admin("failed-tasks", "show", name).stdout
    admin("failed-tasks", "requeue", name)
    again = events.until(lambda m: m.value == value, count=2)
    assert [m.key for m in again] == [str(world.lab.id).encode()] * 2


def test_admin_migrate_is_harmless_when_all_is_there():
    admin("migrate")
    admin("migrate")


def test_no_process_is_left_by_a_foreground_run(stack):
    run = subprocess.run([str(ROOT / "dev"), "run", "integration-admin", "--version"], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.strip()
