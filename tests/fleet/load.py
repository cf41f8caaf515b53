"""A stream of billing events, and the account of what became of each."""
import collections
import threading
import time

from .events import bill_event
from .wait import eventually
from .world import FINAL


class Load:
    """Publishes `total` events of `world`'s lab at `rate` a second (0: as fast as it goes)."""

    def __init__(self, world, total, rate=0, bills=20, action_id=1):
        self.world, self.total, self.rate = world, total, rate
        self.data = [bill_event(world.lab, world.lab.bill(), action_id) for _ in range(bills)]
        self.published = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error = None

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        try:
            while len(self.published) < self.total and not self._stop.is_set():
                n = min(500 if not self.rate else max(1, self.rate // 10), self.total - len(self.published))
                first = len(self.published)
                datas = [self.data[(first + i) % len(self.data)] for i in range(n)]
                self.published += self.world.publisher.many(datas)
                if self.rate:
                    self._stop.wait(n / self.rate)
        except Exception as error:  # shown by finish(); a thread's own trace would be lost
            self._error = error

    def finish(self, stop=False):
        if stop:
            self._stop.set()
        self._thread.join(300)
        assert self._error is None, self._error
        return self.published

    def counts(self):
        """{status: logs} of the lab."""
        rows = self.world.stack.mongo.integration_directory.aggregate([
            {"$match": {"lab_id": self.world.lab.id}}, {"$group": {"_id": "$status", "n": {"$sum": 1}}}])
        return {row["_id"]: row["n"] for row in rows}

    def settle(self, rows, deadline=180):
        """Waits until every event has a final log for each of `rows`; returns the logs."""
        expected = len(self.published) * len(rows)

        def settled():
            counts = self.counts()
            return sum(n for status, n in counts.items() if status in FINAL) >= expected
        try:
            eventually(settled, deadline, every=0.5, what="all logs final")
        except AssertionError as error:
            raise AssertionError(f"{error}; expected {expected}, have {self.counts()}") from None
        logs = list(self.world.stack.mongo.integration_directory.find(
            {"lab_id": self.world.lab.id}, {"event_id": 1, "lab_integration_id": 1, "status": 1, "error_kind": 1,
                                            "error_message": 1, "inserted_at": 1, "updated_at": 1}))
        seen = collections.Counter((log["event_id"], log["lab_integration_id"]) for log in logs)
        wanted = {(event, row) for event in self.published for row in rows}
        assert set(seen) == wanted, f"{len(wanted - set(seen))} missing, {len(set(seen) - wanted)} unexpected"
        assert set(seen.values()) == {1}, "an event and row with more than one log"
        return logs


def deliveries(partner, logs, row):
    """Every one of the row's logs reached the partner; returns how many requests were repeats."""
    wanted = {str(log["_id"]) for log in logs if log["lab_integration_id"] == row}
    got = collections.Counter(request.headers["webhook-id"] for request in list(partner.requests))
    missing = wanted - set(got)
    assert not missing, f"{len(missing)} of {len(wanted)} never reached the partner"
    return sum(n - 1 for log_id, n in got.items() if log_id in wanted)


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p))]


def now_ms():
    return time.time() * 1000
