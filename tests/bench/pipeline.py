"""The main job's speed and cost: event, delivery, final log.

    ./dev bench pipeline [--events 20000] [--only throughput,stages,latency,hanging]

A table on stdout, JSON in $BENCH_JSON.
"""
import argparse
import json
import os
import subprocess
import time
from pathlib import Path

from confluent_kafka import TopicPartition

from fleet.events import Publisher, bill_event, cloud_event, encode
from fleet.load import Load, percentile
from fleet.stack import ROOT, Stack
from fleet.topics import Topic
from fleet.wait import eventually
from fleet.world import FINAL, World
from partners import Partner, Reply

from .nginx import Nginx
from .processes import BACKING, OURS, Cpu, memory_mib

PIPELINE = ["trigger", "dispatcher", "callback"]
TARGETS = {"deliveries_per_second": 1500, "our_cpu_s_per_1000": 0.35, "resident_mib": 40, "event_to_partner_p99_ms": 40}


class Backlog:
    """Billing events of a lab of their own, encoded before the clock starts."""

    def __init__(self, stack, publisher, url, n, bills=200):
        self.world, self.n = World(stack, publisher), n
        self.row = self.world.row(1, url)
        made = [self.world.lab.bill(items=3) for _ in range(bills)]
        self.messages = [encode(cloud_event(bill_event(self.world.lab, made[i % bills])), "binary") for i in range(n)]
        self.producer, self.topic = publisher.producer, stack.topic("lis.events")

    def publish(self):
        key = str(self.world.lab.id)
        for value, headers in self.messages:
            while True:
                try:
                    self.producer.produce(self.topic, key=key, value=value, headers=headers)
                    break
                except BufferError:
                    self.producer.poll(0.05)
        self.producer.flush(120)

    def final(self):
        counts = Load.counts(self)
        return sum(n for status, n in counts.items() if status in FINAL)

    def last_update(self):
        newest = self.world.stack.mongo.integration_directory.aggregate([
            {"$match": {"lab_id": self.world.lab.id}}, {"$group": {"_id": None, "at": {"$max": "$updated_at"}}}])
        return next(iter(newest))["at"].timestamp()


class Ends:
    """How many messages a topic has had, cheaply."""

    def __init__(self, stack, name):
        self.topic = Topic(stack, name)
        self.full = stack.topic(name)

    def count(self):
        return sum(self.topic.consumer.get_watermark_offsets(TopicPartition(self.full, p), timeout=15)[1]
                   for p in self.topic.partitions)


def drain_rate(ends, base, n, patience=10):
    """(messages a second, seconds, messages) from the first to the last of `n` after `base`. Fewer
    than `n`: nothing came for `patience` seconds (a task that was parked waits for trigger)."""
    seen, first, last = 0, None, None
    while True:
        have, now = ends.count() - base, time.monotonic()
        if have > seen:
            seen, last = have, now
            first = first or (now, have)
        if have >= n or (last and now - last > patience):
            seconds = max(last - first[0], 1e-3)
            return round((seen - first[1]) / seconds), round(seconds, 2), seen
        time.sleep(0.05)


def throughput(stack, publisher, n):
    with Nginx() as nginx:
        warm = Backlog(stack, publisher, nginx.url, 2000)
        warm.publish()
        eventually(lambda: warm.final() >= warm.n, 120, every=0.5, what="the warm-up")
        backlog = Backlog(stack, publisher, nginx.url, n)
        with Cpu() as cpu:
            started = time.time()
            backlog.publish()
            eventually(lambda: backlog.final() >= n, 300, every=2, what="every log final")
        seconds = backlog.last_update() - started
        used = cpu.per_1000(n)
        return {"events": n, "seconds": round(seconds, 2), "deliveries_per_second": round(n / seconds),
                "cpu_s_per_1000": used, "our_cpu_s_per_1000": round(sum(used.get(p, 0) for p in OURS), 4),
                "backing_cpu_s_per_1000": round(sum(used.get(p, 0) for p in BACKING), 4),
                "memory_mib_now_and_peak": memory_mib()}


def stages(stack, publisher, n):
    """Each service alone with a backlog, the others stopped."""
    result = {}
    with Nginx() as nginx:
        for service in PIPELINE:
            stack.stop(service)
        backlog = Backlog(stack, publisher, nginx.url, n)
        backlog.publish()
        for service, topic in (("trigger", "integration.dispatch-tasks"), ("dispatcher", "integration.callbacks"),
                               ("callback", "integration.status-updates")):
            ends = Ends(stack, topic)
            base = ends.count()
            with Cpu() as cpu:
                starter = subprocess.Popen([str(ROOT / "dev"), "start", service], stdout=subprocess.DEVNULL)
                rate, seconds, handled = drain_rate(ends, base, n)
                starter.wait()
            result[service] = {"per_second": rate, "seconds": seconds, "handled": handled,
                               "cpu_s_per_1000": cpu.per_1000(handled)}
            n = handled
            stack.stop(service)
        for service in PIPELINE:
            stack.start(service)
    return result


def latency(stack, publisher, seconds=30, rate=50, warm=5):
    """Event to partner, and event to final log, of a quiet fleet."""
    with Partner() as partner:
        world = World(stack, publisher)
        row = world.row(1, partner.url())
        bills = [world.lab.bill(items=3) for _ in range(50)]
        sent, total = {}, (seconds + warm) * rate
        started = time.monotonic()
        for i in range(total):
            time.sleep(max(0, started + i / rate - time.monotonic()))
            event = cloud_event(bill_event(world.lab, bills[i % len(bills)]))
            value, headers = encode(event, "binary")
            sent[event.get_id()] = time.time()
            publisher.producer.produce(stack.topic("lis.events"), key=str(world.lab.id), value=value, headers=headers)
            publisher.producer.poll(0)
        publisher.producer.flush(30)
        eventually(lambda: partner.count >= total, 60, what="every delivery")
        eventually(lambda: len(world.logs(status="SUCCESS")) >= total, 60, every=0.5, what="every log")
        logs = {str(log["_id"]): log for log in world.logs(lab_integration_id=row)}
        counted = set(list(sent)[warm * rate:])
        to_partner, to_log = [], []
        for request in partner.requests:
            log = logs[request.headers["webhook-id"]]
            if log["event_id"] in counted:
                to_partner.append((request.arrived_at - sent[log["event_id"]]) * 1000)
                to_log.append((log["updated_at"].timestamp() - sent[log["event_id"]]) * 1000)
    return {"rate": rate, "events": len(to_partner),
            **{f"event_to_partner_p{p}_ms": round(percentile(to_partner, p / 100), 1) for p in (50, 99)},
            **{f"event_to_final_log_p{p}_ms": round(percentile(to_log, p / 100), 1) for p in (50, 99)}}


def beside(stack, publisher, hanging_url, seconds, rate):
    """p99 of event to partner of a healthy partner; half of the traffic goes to the other."""
    with Partner() as healthy:
        good, bad = World(stack, publisher), World(stack, publisher)
        good.row(1, healthy.url())
        if hanging_url:
            bad.row(1, hanging_url, extra={"timeout_ms": 30000})
        loads = [Load(w, total=seconds * rate, rate=rate) for w in ((good, bad) if hanging_url else (good,))]
        for load in loads:
            load.start()
        for load in loads:
            load.finish()
        eventually(lambda: healthy.count >= seconds * rate, 90, what="every healthy delivery")
        logs = {str(log["_id"]): log for log in good.logs()}
        waits = [(r.arrived_at - logs[r.headers["webhook-id"]]["inserted_at"].timestamp()) * 1000
                 for r in healthy.requests]
        return {"deliveries": len(set(r.headers["webhook-id"] for r in healthy.requests)),
                "p50_ms": round(percentile(waits[rate:], 0.5), 1), "p99_ms": round(percentile(waits[rate:], 0.99), 1)}


def hanging(stack, publisher, seconds=20, rate=100):
    alone = beside(stack, publisher, None, seconds, rate)
    with Partner(Reply(hang=True), keep=False) as partner:
        return {"rate": rate, "without": alone, "with": beside(stack, publisher, partner.url(), seconds, rate)}


def limit(n):
    """A bare libcurl multi loop against the same nginx."""
    program = ROOT / ".local" / "bench" / "curl-loop"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", program, Path(__file__).with_name("curl-loop.c"), "-lcurl"], check=True)
    body = json.dumps({"webhookId": 1, "pad": "x" * 2500})
    with Nginx() as nginx:
        run = subprocess.run([program, nginx.url, str(n), "10", body], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def table(result):
    def line(name, value, note=""):
        print(f"{name:<46} {value:>14} {note}")
    if t := result.get("throughput"):
        line("deliveries/s, event to final log", t["deliveries_per_second"], f"target >= {TARGETS['deliveries_per_second']}")
        line("CPU s per 1,000, our programs together", t["our_cpu_s_per_1000"], f"target <= {TARGETS['our_cpu_s_per_1000']}")
        line("CPU s per 1,000, backing services", t["backing_cpu_s_per_1000"])
        for program in (*OURS, *BACKING):
            now, peak = t["memory_mib_now_and_peak"].get(program, (0, 0))
            note = f"target <= {TARGETS['resident_mib']}" if program in OURS else ""
            line(f"  {program}: CPU s per 1,000 / MiB resident", f"{t['cpu_s_per_1000'].get(program, 0)} / {now}", note)
    for service, s in (result.get("stages") or {}).items():
        line(f"{service} alone, {'reports' if service == 'dispatcher' else 'messages'}/s", s["per_second"])
    if lat := result.get("latency"):
        line("event to partner, p50 / p99 ms at 50/s", f"{lat['event_to_partner_p50_ms']} / {lat['event_to_partner_p99_ms']}",
             f"target p99 <= {TARGETS['event_to_partner_p99_ms']}")
        line("event to final log, p50 / p99 ms at 50/s",
             f"{lat['event_to_final_log_p50_ms']} / {lat['event_to_final_log_p99_ms']}")
    if h := result.get("hanging"):
        line("healthy partner, log to request, p99 ms", h["without"]["p99_ms"])
        line("  the same beside one that hangs", h["with"]["p99_ms"], "target <= 2 x, or + 10 ms")
        line("  of its deliveries arrived", f"{h['with']['deliveries']}")
    if c := result.get("curl_loop"):
        line("a bare curl loop, requests/s", c["per_second"])
        line("  CPU s per 1,000", c["cpu_s_per_1000"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--only", default="throughput,stages,latency,hanging,curl_loop")
    options = parser.parse_args()
    wanted = options.only.split(",")
    stack = Stack()
    stack.ensure_running()
    publisher = Publisher(stack)
    parts = {"throughput": lambda: throughput(stack, publisher, options.events),
             "stages": lambda: stages(stack, publisher, options.events),
             "latency": lambda: latency(stack, publisher),
             "hanging": lambda: hanging(stack, publisher),
             "curl_loop": lambda: limit(options.events)}
    result = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpus": os.cpu_count(), "targets": TARGETS}
    for name in wanted:
        result[name] = parts[name]()
    table(result)
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
