"""A sweep of the retry-scheduler over 1,000,000 logs of which 1 % are eligible, and one over the same
logs that finds nothing.

    ./dev bench retries [--logs 1000000] [--partners 20] [--keep]

The trigger is stopped meanwhile, so that the requests are counted and not acted on. A table on
stdout, JSON in $BENCH_JSON.
"""
import argparse
import json
import os
import re
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bson import ObjectId

from fleet.events import Publisher
from fleet.rows import add_auth
from fleet.stack import ROOT, Stack, http
from fleet.topics import Topic
from fleet.wait import eventually
from fleet.world import World
from partners import closed_port

TARGETS = {"first_request_s": 1.0, "requests_per_second": 1000, "resident_mib": 64, "nothing_s": 0.2}
BODY = json.dumps({"webhookId": 1, "patient": {"name": "x" * 40}, "items": [{"test": "y" * 60}] * 8})


class Million:
    """Logs of a lab of their own over the last 20 hours: 1 % eligible, 0.1 % failed for good, the
    others delivered, superseded or suppressed."""

    def __init__(self, stack, n, partners):
        self.stack, self.n = stack, n
        self.world = World(stack, Publisher(stack))
        self.logs = stack.mongo.integration_directory
        self.rows = []
        for _ in range(partners):
            auth = add_auth(stack, self.world.lab)
            self.rows.append((auth, self.world.row(1, "http://127.0.0.1:9/", auth=auth, is_auto_retry=True)))

    def document(self, i, newest):
        auth, row = self.rows[i // 100 % len(self.rows)]
        at = newest - timedelta(milliseconds=(self.n - i) * 72_000_000 // self.n)
        document = {
            "_id": ObjectId(os.urandom(12)), "integration_type": "WEBHOOK", "operation": "Bill Generation",
            "action_category": "Billing", "action_category_list_id": 1, "lab_integration_id": row, "transport": "http",
            "vendor": None, "auth_id": auth, "developer_name": "Acme Health", "lab_id": self.world.lab.id,
            "bill_id": i, "status": "SUCCESS", "end_point": "http://127.0.0.1:9/", "request_type": 1,
            "request_headers": {"content-type": "application/json", "webhook-id": "x" * 24}, "request_body": BODY,
            "response_headers": {"content-type": "application/json"}, "response_body": '{"ok": true}',
            "response_status_code": 200, "response_time": 12.5, "error_message": None, "error_kind": None,
            "retry_count": 0, "auto_retry_count": 0, "next_auto_retry_at": None,
            "retry_context": {"action_id": 1, "lab_id": self.world.lab.id, "bill_id": i}, "payload_sha256": "0" * 64,
            "triggered_by_py3": False, "inserted_at": at, "activity_date": at, "updated_at": at, "attempt": 0}
        if i % 100 == 0:
            document |= {"status": "FAIL", "error_kind": "timeout", "error_message": "No response",
                         "response_status_code": None,
                         # a half was scheduled by an earlier attempt, a half never
                         "next_auto_retry_at": at + timedelta(minutes=1) if i % 200 else None}
        elif i % 1000 == 1:
            document |= {"status": "FAIL", "error_kind": "http_status", "error_message": "bad", "response_status_code": 400}
        elif i % 100 == 2:
            document |= {"status": "" if i % 200 == 2 else "SUPERSEDED"}
        return document

    def insert(self):
        newest = self.newest = datetime.now(timezone.utc)
        for first in range(0, self.n, 2000):
            self.logs.insert_many([self.document(i, newest) for i in range(first, min(first + 2000, self.n))],
                                  ordered=False)

    def all_failed_again(self):
        """As after an attempt of each: due later."""
        self.logs.update_many({"lab_id": self.world.lab.id, "status": "FAIL", "error_kind": "timeout"},
                              {"$set": {"next_auto_retry_at": datetime.now(timezone.utc) + timedelta(hours=1)}})

    def delete(self):
        """Part by part: one statement would be one transaction in the store's memory."""
        for minute in range(0, 20 * 60 + 1, 5):
            until = self.newest - timedelta(minutes=minute)
            self.logs.delete_many({"lab_id": self.world.lab.id,
                                   "inserted_at": {"$gt": until - timedelta(minutes=5), "$lte": until}})

    def plans(self):
        """What the store does for the sweep's two questions."""
        now = datetime.now(timezone.utc)
        day = {"$gte": now - timedelta(hours=24), "$lte": now}
        for name, ranges, field in (
                ("never scheduled", {"next_auto_retry_at": None, "inserted_at": day}, "inserted_at"),
                ("due", {"next_auto_retry_at": day}, "next_auto_retry_at")):
            answer = self.stack.mongo.command({
                "explain": {"find": "integration_directory", "filter": {"status": "FAIL", **ranges}, "sort": {field: 1}},
                "verbosity": "queryPlanner"})
            stages, bounds, stage = [], {}, answer["queryPlanner"]["winningPlan"]
            while stage:
                stages.append(stage["stage"] + (f" {stage['indexName']}" if "indexName" in stage else ""))
                bounds |= stage.get("indexBounds", {})
                stage = stage.get("inputStage")
            yield {"question": name, "plan": " < ".join(stages),
                   "bounds": {field: " ".join(ranges) for field, ranges in bounds.items()}}


def sweep(times=1):
    """Sweeps of a scheduler of its own: seconds of one (the mean), the first one's start by the wall
    clock (None when it found nothing), peak memory in MiB."""
    port = closed_port()
    process = subprocess.Popen(
        [str(ROOT / "dev"), "run", "retry-scheduler"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "HEALTH_PORT": str(port), "AUTO_RETRY_INTERVAL": "1h" if times == 1 else "200ms",
             "PY3_RETRY_URL": ""})
    try:
        def seconds():
            try:
                text = http("GET", f"http://127.0.0.1:{port}/metrics", timeout=3).body.decode()
            except OSError:
                return None
            sums = dict(re.findall(r"^retry_scheduler_sweep_seconds_(count|sum) (\S+)$", text, re.M))
            return sums if int(sums.get("count", 0)) >= times else None
        sums = eventually(seconds, 120, every=0.02, what=f"{times} sweeps")
        memory = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", memory)[1]) / 1024
    finally:
        process.terminate()
    said, _ = process.communicate(timeout=30)
    line = next((json.loads(x) for x in said.splitlines() if '"scheduler.sweep"' in x), None)
    took = float(sums["sum"]) / int(sums["count"])
    return took, line and datetime.fromisoformat(line["time"]).timestamp() - took, peak


def measure(stack, n, partners, keep):
    million = Million(stack, n, partners)
    began = time.monotonic()
    million.insert()
    print(f"{n} logs inserted in {time.monotonic() - began:.0f} s")
    try:
        plans = list(million.plans())
        topic = Topic(stack, "integration.retries")
        took, began_at, peak = sweep()
        sent = [m.timestamp / 1000 for m in topic.to_the_end() if m.json()["lab_id"] == million.world.lab.id]
        million.all_failed_again()
        nothing, found, _ = sweep(20)
        assert found is None, "the sweep that should find nothing asked for something"
    finally:
        if not keep:
            million.delete()
    return {"logs": n, "partners": partners, "requests": len(sent), "sweep_s": round(took, 3),
            "first_request_s": round(min(sent) - began_at, 3),
            "requests_per_second": round(len(sent) / (max(sent) - began_at)), "resident_mib": round(peak, 1),
            "nothing_s": round(nothing, 3), "plans": plans}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--logs", type=int, default=1_000_000)
    arguments.add_argument("--partners", type=int, default=20)
    arguments.add_argument("--keep", action="store_true", help="leave the logs in the store")
    options = arguments.parse_args()
    stack = Stack()
    for service in ("retry-scheduler", "trigger"):
        stack.stop(service)
    try:
        result = measure(stack, options.logs, options.partners, options.keep)
    finally:
        for service in ("trigger", "retry-scheduler"):
            stack.start(service)
    for plan in result["plans"]:
        print(f"plan, {plan['question']}: {plan['plan']}, {plan['bounds']}")
    print(f"{'':24}{'measured':>12}{'target':>12}")
    for name, target in TARGETS.items():
        print(f"{name:24}{result[name]:>12}{target:>12}")
    print(f"{'requests':24}{result['requests']:>12}{options.logs // 100:>12}")
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps({"targets": TARGETS, **result}, indent=1))


if __name__ == "__main__":
    main()
