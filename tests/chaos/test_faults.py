"""What failure does, against the real parts: nothing is lost, little is sent twice."""
import collections
import os
import signal
import subprocess
import threading
import time

import pytest

from fleet.load import Load, deliveries, percentile
from fleet.stack import ROOT, SERVICES
from fleet.wait import eventually
from partners import Ack, MllpPartner, Partner, Reply

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

OUTAGE = float(os.environ.get("CHAOS_SECONDS", "15"))
EVENTS = int(os.environ.get("CHAOS_EVENTS", "5000"))
BATCH = 500  # of trigger; what was in flight with it is the dispatcher's too


def said(what, duplicates):
    print(f"\n{what}: {duplicates} repeated deliveries")


def cpu_seconds(stack):
    return {service: stack.metrics(service)["process_cpu_seconds_total"] for service in SERVICES}


def test_deliveries_go_on_while_the_log_store_is_away_and_the_logs_follow(world, stack, partner):
    row = world.row(1, partner.url())
    load = Load(world, total=10**6, rate=100).start()
    eventually(lambda: partner.count > 100, 30, what="the load is on")
    stack.stop("mongodb")
    time.sleep(2)  # what was under way has run out: from here on everything is the outage's
    delivered, published = partner.count, len(load.published)
    time.sleep(OUTAGE)
    delivered, published = partner.count - delivered, len(load.published) - published
    stack.start("mongodb")
    load.finish(stop=True)
    assert delivered >= published * 0.5 > 0, f"{delivered} deliveries of {published} events in {OUTAGE} s of outage"
    logs = load.settle([row])
    assert {log["status"] for log in logs} == {"SUCCESS"}
    duplicates = deliveries(partner, logs, row)
    said("store stopped", duplicates)
    assert duplicates == 0
    types = {tuple((key, type(value)) for key, value in log.items()) for log in world.logs()}
    assert len(types) == 1, "logs that came by Kafka have the fields and types of the others"


def test_events_wait_for_postgresql(world, stack, partner):
    row = world.row(1, partner.url())
    load = Load(world, total=10**6, rate=100).start()
    eventually(lambda: partner.count > 100, 30, what="the load is on")
    stack.stop("postgres")
    time.sleep(OUTAGE)
    stack.start("postgres")
    load.finish(stop=True)
    logs = load.settle([row])
    assert {log["status"] for log in logs} == {"SUCCESS"}
    duplicates = deliveries(partner, logs, row)
    said("postgres stopped", duplicates)
    assert duplicates == 0


def test_a_killed_kafka_loses_nothing(world, stack, partner):
    row = world.row(1, partner.url())
    load = Load(world, total=3000, rate=300).start()
    eventually(lambda: partner.count > 300, 30, what="the load is on")
    stack.kill("kafka")
    time.sleep(11)  # the consumers' sessions have ended
    before, began = cpu_seconds(stack), time.monotonic()
    time.sleep(max(4, OUTAGE - 11))
    after, took = cpu_seconds(stack), time.monotonic() - began
    stack.start("kafka")
    load.finish()
    logs = load.settle([row])
    assert {log["status"] for log in logs} == {"SUCCESS"}
    duplicates = deliveries(partner, logs, row)
    said("kafka killed", duplicates)
    assert duplicates <= BATCH
    busy = {service: round((after[service] - before[service]) / took, 2) for service in SERVICES}
    assert max(busy.values()) < 0.5, f"of a core, while there is nothing to do but wait: {busy}"


def test_answers_that_kafka_did_not_take_are_repeats_by_the_same_id_and_no_loss(world, stack):
    """The dispatcher dies with reports that nobody has: it asks again, and partners know what they had."""
    gate = threading.Event()
    with Partner(Reply(gate=gate)) as partner, MllpPartner(Ack(gate=gate)) as peer:
        rows = [world.row(1, partner.url()), world.row(2, "", extra=peer.details(max_concurrency=5))]
        events = [world.bill_event(action) for action in (1, 2) for _ in range(5)]
        eventually(lambda: len(partner.requests) == 5 and len(peer.messages) == 5, 60, what="all on the wire")
        stack.kill("kafka")
        gate.set()
        eventually(lambda: stack.metrics("dispatcher")["dispatcher_unacknowledged"] >= 10, 30, what="all answered")
        stack.kill("dispatcher")
        stack.start("kafka")
        stack.start("dispatcher")
        logs = [world.wait_log(event, row, deadline=80)
                for row, some in zip(rows, (events[:5], events[5:]), strict=True) for event in some]
        assert {log["status"] for log in logs} == {"SUCCESS"}
        had = collections.Counter(request.headers["webhook-id"] for request in partner.requests)
        assert had == {str(log["_id"]): 2 for log in logs[:5]}
        had = collections.Counter(message.control_id for message in peer.messages)
        assert len(had) == 5 and set(had.values()) == {2}


@pytest.mark.parametrize("service", ["trigger", "dispatcher", "callback"])
def test_a_killed_service_leaves_one_final_log_and_a_delivery_each(world, stack, service):
    with Partner() as first, Partner() as second:
        rows = [world.row(1, first.url()), world.row(1, second.url())]
        load = Load(world, total=EVENTS).start()
        eventually(lambda: first.count > EVENTS // 10, 60, what="the load is on")
        stack.kill(service)
        time.sleep(1)
        stack.start(service)
        load.finish()
        logs = load.settle(rows)
        assert {log["status"] for log in logs} == {"SUCCESS"}
        duplicates = deliveries(first, logs, rows[0]) + deliveries(second, logs, rows[1])
    said(f"{service} killed", duplicates)
    assert duplicates <= 2 * BATCH


@pytest.mark.parametrize("service", ["trigger", "dispatcher", "callback"])
def test_a_service_that_is_told_to_stop_under_load_repeats_nothing(world, stack, partner, service):
    row = world.row(1, partner.url())
    load = Load(world, total=EVENTS).start()
    eventually(lambda: partner.count > EVENTS // 10, 60, what="the load is on")
    stack.stop(service)
    stack.start(service)
    load.finish()
    logs = load.settle([row])
    assert {log["status"] for log in logs} == {"SUCCESS"}
    duplicates = deliveries(partner, logs, row)
    said(f"{service} stopped", duplicates)
    assert duplicates == 0


@pytest.mark.parametrize("service", ["trigger", "dispatcher", "callback"])
def test_a_replica_joins_and_leaves_without_a_repeated_delivery(world, stack, service):
    with Partner(Reply(delay=0.01)) as partner:
        row = world.row(1, partner.url(), extra={"max_concurrency": 20})
        load = Load(world, total=EVENTS, rate=500).start()
        eventually(lambda: partner.count > EVENTS // 10, 60, what="the load is on")
        stack.start(service, 2)
        eventually(lambda: partner.count > EVENTS // 2, 60, what="half of it delivered by two")
        stack.stop(service, 1)
        load.finish()
        logs = load.settle([row])
        assert {log["status"] for log in logs} == {"SUCCESS"}
        duplicates = deliveries(partner, logs, row)
    said(f"{service} joined and left", duplicates)
    assert duplicates == 0


@pytest.mark.parametrize("service", ["outbox-relay", "trigger", "dispatcher", "callback"])
def test_sigterm_ends_a_service_with_exit_0(stack, service):
    """A replica in the foreground, so that its exit code can be seen."""
    run = subprocess.Popen([str(ROOT / "dev"), "run", service], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True,
                           env={**os.environ, "HEALTH_PORT": "0", "CALLBACK_PORT": "0"})
    lines = []

    def is_up():
        lines.append(run.stdout.readline())
        return any("ready" in line or "started" in line or "listening" in line for line in lines)
    eventually(is_up, 30, what="it says that it is up")
    time.sleep(1)
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=40)
    assert run.returncode == 0, "".join(lines) + out


def test_half_of_the_traffic_hangs_and_the_other_half_does_not_notice(world, stack):
    def healthy_alone(hanging_url):
        with Partner() as healthy:
            here = type(world)(world.stack, world.publisher)
            row = here.row(1, healthy.url())
            if hanging_url:
                here.row(2, hanging_url, extra={"timeout_ms": 30000})
            good = Load(here, total=2000, rate=100)
            bad = Load(here, total=2000, rate=100, action_id=2)
            good.start()
            if hanging_url:
                bad.start()
            good.finish()
            if hanging_url:
                bad.finish()
            wait = {}
            eventually(lambda: healthy.count >= 2000, 60, what="every healthy delivery")
            logs = {str(log["_id"]): log for log in here.logs(lab_integration_id=row)}
            for request in healthy.requests:
                log = logs[request.headers["webhook-id"]]
                wait[request.headers["webhook-id"]] = request.arrived_at - log["inserted_at"].timestamp()
            assert len(wait) == 2000
            return percentile(list(wait.values())[200:], 0.99) * 1000
    alone = healthy_alone(None)
    with Partner(Reply(hang=True), keep=False) as hanging:
        beside = healthy_alone(hanging.url())
    print(f"\nhealthy partner, log to request, p99: {alone:.1f} ms alone, {beside:.1f} ms beside a hanging one")
    assert beside <= alone + 1000, "who waited for the hanging one would be late by up to 30 s"
