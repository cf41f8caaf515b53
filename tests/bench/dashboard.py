"""The dashboard over a million logs, while events flow.

    ./dev bench dashboard [--logs 1000000] [--readers 20] [--pause 0.5] [--rate 200] [--seconds 30] [--streams 500] [--only alone,reads,streams]

Every kind of read that the page makes, by readers who ask again `pause` seconds after the last answer (0: at once); then open
streams, of which a tenth watch the lab that is busy. A table on stdout, JSON in $BENCH_JSON. The logs are written once a stack.
"""
import argparse
import bisect
import http.client
import itertools
import json
import multiprocessing
import os
import random
import selectors
import socket
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pymongo
from bson import Int64

from fleet import made
from fleet.events import Publisher
from fleet.load import Load, percentile
from fleet.stack import Stack
from fleet.wait import eventually
from fleet.world import World

from .nginx import Nginx
from .processes import TICKS, Cpu, memory_mib, pids

TARGETS = {"read_p95_ms": 100, "status_at_stream_p95_ms": 500, "resident_mib": 64}
LABS = [900001 + i for i in range(100)]
WEIGHTS = [1 / (i + 1) ** 0.7 for i in range(len(LABS))]
ACTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 25, 30, 40, 50, 60, 61]
COMMON = [0.3, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01, 0.004, 0.003, 0.002, 0.001]
STATUSES = {"SUCCESS": 0.96, "FAIL": 0.03, "SUPERSEDED": 0.003, "": 0.005, "QUEUED": 0.002}
DAYS, BATCH, BILLS = 7, 1000, 300000


# ---- a million logs ----

def pick(values, weights):
    """A function that draws one of the values; random.choices adds the weights up at every call."""
    sums = list(itertools.accumulate(weights))
    return lambda draw: values[bisect.bisect(sums, draw.random() * sums[-1])]


lab, action_of, status_of = pick(LABS, WEIGHTS), pick(ACTIONS, COMMON), pick(list(STATUSES), STATUSES.values())


def batch(number, of, end):
    draw = random.Random(number)
    for i in range(BATCH):
        at = end - timedelta(days=DAYS * (1 - (number * BATCH + i) / (BATCH * of)))
        status = status_of(draw)
        if status == "QUEUED" and end - at > timedelta(hours=1):
            status = "SUCCESS"
        bill = draw.randrange(1, BILLS)
        fields = {"kind": "API" if draw.random() < 0.25 else "WEBHOOK", "action": action_of(draw), "draw": draw,
                  "next_auto_retry_at": end + timedelta(days=30), "bill_id": Int64(bill), "patient_id": Int64(BILLS + bill // 2)}
        yield made.failed(lab(draw), at, **fields) if status == "FAIL" else made.log(lab(draw), at, status, **fields)


def write_share(url, share, shares, batches, end):
    logs = pymongo.MongoClient(url, retryWrites=False)["integration"].integration_directory
    for number in range(share, batches, shares):
        logs.insert_many(batch(number, batches, end), ordered=False)
        if number % 50 == 0:
            print(f"{number * BATCH} logs written", flush=True)


def write_retries(database):
    for log in database.integration_directory.find({"lab_id": LABS[0], "integration_type": "WEBHOOK", "status": "FAIL"}, {"_id": 1}).limit(200):
        database.integration_retry_log.insert_many(
            [{"_id": f"bench-{log['_id']}-{n}", "integration_directory_id": log["_id"], "kind": "MANUAL", "attempt": n, "status": "FAIL",
              "requested_by": "bench", "request_body": "x" * 500} for n in (1, 2, 3)])


def fill(stack, n):
    """The logs, unless this stack has them; seconds that it took."""
    marker = stack.mongo.bench_marker.find_one({"_id": "logs"})
    if marker and marker["n"] == n:
        return None
    assert not marker and not stack.mongo.integration_directory.find_one({"lab_id": LABS[0]}), \
        "this stack has other logs of a benchmark, or half of them: ./dev reset"
    began, end = time.monotonic(), datetime.now(timezone.utc)
    shares = [multiprocessing.Process(target=write_share, args=(stack.env["MONGODB_URL"], k, 2, n // BATCH, end)) for k in range(2)]
    for share in shares:
        share.start()
    for share in shares:
        share.join()
    assert all(share.exitcode == 0 for share in shares)
    took = time.monotonic() - began
    write_retries(stack.mongo)
    stack.stop("callback")
    stack.start("callback")  # its round begins with the newest hours, as if it had written them
    first = (end - timedelta(hours=25)).replace(tzinfo=None)
    print(f"{n} logs after {took:.0f} s; waiting for the last day's counts by hour", flush=True)
    eventually(lambda: stack.mongo.integration_hour.count_documents({"lab_id": -1, "hour": {"$gte": first}}) >= 25, 900, every=2,
               what="the last day's counts by hour")
    stack.mongo.bench_marker.insert_one({"_id": "logs", "n": n, "at": end})
    return took


# ---- what is read ----

DAY = {"from": "-24h"}
READS = {
    "webhook": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), **DAY}),
    "webhook, all labs": lambda d, s: ("logs", {"tab": "webhook", **DAY}),
    "webhook, older": lambda d, s: ("logs", {"tab": "webhook", "lab_id": LABS[0], **DAY, "cursor": s["cursor"]}),
    "api": lambda d, s: ("logs", {"tab": "api", "lab_id": lab(d), **DAY}),
    "api, all labs": lambda d, s: ("logs", {"tab": "api", **DAY}),
    "errors": lambda d, s: ("logs", {"tab": "errors", "lab_id": lab(d), **DAY}),
    "errors, all labs": lambda d, s: ("logs", {"tab": "errors", **DAY}),
    "action": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), "action_id": d.choice(ACTIONS), **DAY}),
    "action, all labs": lambda d, s: ("logs", {"tab": "webhook", "action_id": d.choice(ACTIONS[:12]), **DAY}),
    "category": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), "action_category_id": d.choice([1, 2, 3]), **DAY}),
    "status": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), "status": d.choice(["SUCCESS", "FAIL", "QUEUED,SUPERSEDED"]), **DAY}),
    "status and action": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), "status": "FAIL", "action_id": d.choice(ACTIONS), **DAY}),
    "partner": lambda d, s: ("logs", {"tab": "webhook", "lab_id": LABS[4], "auth_id": LABS[4] * 10 + d.choice([0, 1, 2]), **DAY}),
    "error kind": lambda d, s: ("logs", {"tab": "errors", "lab_id": lab(d), "error_kind": d.choice(["timeout", "dns", "nack"]), **DAY}),
    "dates": lambda d, s: ("logs", {"tab": "webhook", "lab_id": lab(d), "from": "-96h", "to": "-72h"}),
    "bill": lambda d, s: ("logs", {"q": d.randrange(1, BILLS)}),
    "words": lambda d, s: ("logs", {"tab": "errors", "lab_id": lab(d), "q": d.choice(["certificate", "could not be saved", "absent"]), **DAY}),
    "one log": lambda d, s: (f"logs/{d.choice(s['retried'])}", {}),
    "its retries": lambda d, s: (f"logs/{d.choice(s['retried'])}/retries", {}),
    "counts": lambda d, s: ("logs/counts", {"tab": "webhook", "lab_id": lab(d), **DAY}),
    "counts, all labs": lambda d, s: ("logs/counts", {"tab": "webhook", **DAY}),
    "rates": lambda d, s: ("stats", {"tab": "webhook", "lab_id": lab(d), **DAY}),
    "rates, all labs": lambda d, s: ("stats", {"tab": "webhook", **DAY}),
    "groups": lambda d, s: ("logs/groups", {"tab": "errors", "lab_id": lab(d), **DAY}),
}


class Reader:
    def __init__(self, base, token):
        self.address, self.token, self.connection = urllib.parse.urlsplit(base).netloc, token, None

    def ask(self, path, parameters):
        """(milliseconds, the answer); a connection that was closed is opened again."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=30)
        began = time.monotonic()
        self.connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}", headers={"authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.monotonic() - began) * 1000
        assert answer.status == 200, f"{path} {parameters}: {answer.status} {body[:300]}"
        return took, body


def read_for(env, sample, number, until, pause, results):
    """A process with one reader."""
    reader, draw, taken = Reader(env["DASHBOARD_URL"], env["ADMIN_TOKEN"]), random.Random(number), []
    time.sleep(draw.random() * pause)
    names = [*READS]
    while time.monotonic() < until:
        if not names:
            names = [*READS]
        name = names.pop(draw.randrange(len(names)))
        try:
            taken.append((name, reader.ask(*READS[name](draw, sample))[0]))
        except (AssertionError, OSError):  # told in the result
            reader.connection = None
            taken.append((name, None))
        time.sleep(pause * draw.uniform(0.5, 1.5))
    results.put(taken)


def sample_of(stack):
    reader = Reader(stack.env["DASHBOARD_URL"], stack.env["ADMIN_TOKEN"])
    page = json.loads(reader.ask("logs", {"tab": "webhook", "lab_id": LABS[0], **DAY})[1])
    retried = stack.mongo.integration_retry_log.find({"requested_by": "bench"}, {"integration_directory_id": 1}).limit(300)
    return {"cursor": page["next_cursor"], "retried": sorted({str(r["integration_directory_id"]) for r in retried})}


def summary(values):
    return {"n": len(values), "p50_ms": round(percentile(values, 0.5), 1), "p95_ms": round(percentile(values, 0.95), 1)}


def busy_ms(found):
    """CPU that the store and the dashboard have used, children left out."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in found)
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) * 1000 / TICKS


def alone(stack, _publisher, _options, times=15):
    """One reader: what each read costs, also on a machine that others use."""
    sample, draw, result, found = sample_of(stack), random.Random(1), {}, pids()
    reader = Reader(stack.env["DASHBOARD_URL"], stack.env["ADMIN_TOKEN"])
    used = [*found["mongodb"], *found["dashboard"]]
    for name, read in READS.items():
        before = busy_ms(used)
        result[name] = summary([reader.ask(*read(draw, sample))[0] for _ in range(times)])
        result[name]["cpu_ms"] = round((busy_ms(used) - before) / times, 1)
    return {"each": result, "load": os.getloadavg()[0]}


def finish(load):
    """How many events there were, when all are delivered and their logs gone: the next part begins as this one did."""
    n, lab_id = len(load.finish(stop=True)), load.world.lab.id
    logs = load.world.stack.mongo.integration_directory
    eventually(lambda: load.counts().get("SUCCESS", 0) >= n, 300, every=1, what="the events' deliveries")
    for kind in ("WEBHOOK", "API"):
        while ids := [log["_id"] for log in logs.find({"lab_id": lab_id, "integration_type": kind}, {"_id": 1}).limit(1000)]:
            logs.delete_many({"_id": {"$in": ids}})
    return n


def reads(stack, publisher, options):
    sample = sample_of(stack)
    with Nginx() as nginx:
        world = World(stack, publisher)
        world.row(1, nginx.url)
        load = Load(world, total=options.rate * (options.seconds + 10), rate=options.rate).start() if options.rate else None
        time.sleep(3)
        results, until = multiprocessing.Queue(), time.monotonic() + options.seconds
        with Cpu() as cpu:
            readers = [multiprocessing.Process(target=read_for, args=(stack.env, sample, i, until, options.pause, results))
                       for i in range(options.readers)]
            for reader in readers:
                reader.start()
            taken = [pair for _ in readers for pair in results.get(timeout=options.seconds + 120)]
            for reader in readers:
                reader.join()
        flowed = finish(load) if load else 0
    good = [(name, ms) for name, ms in taken if ms is not None]
    assert good, "no read had an answer"
    every = {name: summary([ms for n, ms in good if n == name]) for name in READS if name in dict(good)}
    return {"requests_per_second": round(len(good) / options.seconds, 1), "unanswered": len(taken) - len(good), "events": flowed,
            "load": os.getloadavg()[0], "all": summary([ms for _, ms in good]), "each": every, "cpu_s": cpu.used,
            "dashboard_mib": memory_mib()["dashboard"]}


# ---- streams ----

def open_stream(base, token, lab_id):
    address = urllib.parse.urlsplit(base)
    link = socket.create_connection((address.hostname, address.port), timeout=30)
    link.sendall(f"GET /api/v1/stream?lab_id={lab_id} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    link.setblocking(False)
    return link


def instants(text):
    """When callback wrote what these events say."""
    for line in text.split(b"\n"):
        if line.startswith(b"data: ") and b'"SUCCESS"' in line:
            row = json.loads(line[6:])
            yield datetime.fromisoformat(row["updated_at"].replace("Z", "+00:00")).timestamp()


def watch(links, watched, seconds):
    """Milliseconds from callback's write to the stream, and bytes of all of them."""
    selector, waits, received, rest = selectors.DefaultSelector(), [], 0, {link: b"" for link in watched}
    for link in links:
        selector.register(link, selectors.EVENT_READ)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            data, now = key.fileobj.recv(1 << 18), time.time()
            assert data, "a stream ended"
            received += len(data)
            if key.fileobj in rest:
                whole, _, rest[key.fileobj] = (rest[key.fileobj] + data).rpartition(b"\n\n")
                waits += [(now - at) * 1000 for at in instants(whole)]
    return waits, received


def streams(stack, publisher, options):
    base, token = stack.env["DASHBOARD_URL"], stack.env["ADMIN_TOKEN"]
    with Nginx() as nginx:
        world = World(stack, publisher)
        world.row(1, nginx.url)
        busy = options.streams // 10
        links = [open_stream(base, token, world.lab.id if i < busy else LABS[i % len(LABS)]) for i in range(options.streams)]
        load = Load(world, total=options.rate * options.seconds, rate=options.rate).start()
        with Cpu() as cpu:
            waits, received = watch(links, links[:2], options.seconds)
        memory = memory_mib()["dashboard"]
        finish(load)
        for link in links:
            link.close()
    assert waits, "no status change came"
    return {"streams": len(links), "of_the_busy_lab": busy, "status_at_stream": summary(waits), "bytes": received, "cpu_s": cpu.used,
            "dashboard_mib": memory, "load": os.getloadavg()[0]}


# ---- telling ----

def table(result):
    def line(name, *values):
        print(f"{name:<46}" + "".join(f"{value:>12}" for value in values))
    if a := result.get("alone"):
        line("one reader; CPU of the store and the dashboard", "p50 ms", "p95 ms", "CPU ms")
        for name, each in a["each"].items():
            line(name, each["p50_ms"], each["p95_ms"], each["cpu_ms"])
    if r := result.get("reads"):
        line(f"{r['requests_per_second']} reads/s beside {r['events']} events; unanswered {r['unanswered']}", "p50 ms", "p95 ms")
        for name, each in r["each"].items():
            line(name, each["p50_ms"], each["p95_ms"])
        line(f"all; target p95 <= {TARGETS['read_p95_ms']}", r["all"]["p50_ms"], r["all"]["p95_ms"])
        line("dashboard, MiB now / peak", *r["dashboard_mib"])
    if s := result.get("streams"):
        line(f"status change at one of {s['streams']} streams, ms p50 / p95", s["status_at_stream"]["p50_ms"], s["status_at_stream"]["p95_ms"])
        line(f"dashboard, MiB now / peak; target <= {TARGETS['resident_mib']}", *s["dashboard_mib"])


def main():
    parser = argparse.ArgumentParser()
    for name, kind, usual in (("logs", int, 1000000), ("readers", int, 20), ("pause", float, 0.5), ("rate", int, 200),
                              ("seconds", int, 30), ("streams", int, 500), ("only", str, "alone,reads,streams")):
        parser.add_argument(f"--{name}", type=kind, default=usual)
    options = parser.parse_args()
    stack = Stack()
    stack.ensure_running()
    publisher = Publisher(stack)
    took = fill(stack, options.logs)
    result = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpus": os.cpu_count(), "targets": TARGETS, "options": vars(options),
              "logs_written_per_second": took and round(options.logs / took)}
    for name, part in (("alone", alone), ("reads", reads), ("streams", streams)):
        if name in options.only.split(","):
            result[name] = part(stack, publisher, options)
            table({name: result[name]})
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
