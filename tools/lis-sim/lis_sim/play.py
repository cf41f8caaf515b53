"""A day at the lab: a mix of actions at a rate, bounded by a count or a time."""

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import psycopg

from .actions import ACTIONS, Action, Desk, candidates, parameters

# How often each action is drawn.
MIXES = {
    "billing": {"bill_patient": 50, "update_bill": 10, "settle": 12, "add_test": 8, "refund": 4,
                "cancel_bill": 4, "reset_bill": 2, "register_patient": 6, "correct_patient": 4},
    "samples": {"collect_sample": 30, "receive_sample": 30, "reject_sample": 5,
                "redraw_sample": 5, "dismiss_sample": 2, "uncollect_sample": 3, "relabel_sample": 5},
    "reports": {"save_report": 30, "submit_report": 15, "sign_report": 30, "send_pdf": 10,
                "send_hl7": 10, "send_sftp": 5, "fax_report": 3, "submit_reports": 10},
    "visits": {"book_appointment": 20, "confirm_appointment": 15, "check_in_appointment": 10,
               "dismiss_appointment": 5, "book_home_collection": 15, "assign_home_collection": 15},
    "money": {"submit_claim": 20, "receive_remittance": 15, "issue_invoice": 10,
              "update_invoice": 5, "delete_invoice": 2, "update_organisation": 5},
}
MIXES["everything"] = {name: share for mix in list(MIXES.values()) for name, share in mix.items()}

REFILL = 20_000  # targets known at a time, of each action


@dataclass
class Score:
    """What came of it."""

    events: Counter[str] = field(default_factory=Counter)
    not_applicable: int = 0
    seconds: float = 0.0


class Player:
    """Draws actions and their targets, and performs them in batches of one transaction each."""

    def __init__(self, conn: psycopg.Connection, mix: dict[str, int], seed: int,
                 labs: list[int] | None = None) -> None:
        self.conn, self.mix, self.labs = conn, mix, labs
        self.random = Random(seed)
        self.desk = Desk(conn, self.random)
        self.targets: dict[str, list[tuple[int, int]]] = {}
        self.score = Score()

    def target(self, action: Action) -> tuple[int, int] | None:
        """A random one that the action applied to when last looked; each is used up once."""
        known = self.targets.get(action.name)
        if not known:
            known = candidates(self.conn, action, self.labs, REFILL)
            self.random.shuffle(known)
            self.targets[action.name] = known
        return known.pop() if known else None

    def draw(self) -> tuple[Action, dict[str, object]] | None:
        action = ACTIONS[self.random.choices(list(self.mix), list(self.mix.values()))[0]]
        target = self.target(action)
        if target is None:
            return None
        lab_id, target_id = target
        return action, parameters(action, lab_id, target_id, self.desk.inputs(lab_id, action))

    def batch(self, size: int) -> None:
        """`size` actions in one transaction, sent without waiting for each answer."""
        drawn = [self.draw() for _ in range(size)]
        cursors = []
        with self.conn.transaction(), self.conn.pipeline():
            for each in drawn:
                if each:
                    cursors.append((each[0], self.conn.execute(each[0].sql, each[1], prepare=True)))
        self.score.not_applicable += drawn.count(None)
        for action, cursor in cursors:
            if cursor.rowcount:
                self.score.events[action.name] += 1
            else:
                self.score.not_applicable += 1

    def play(self, rate: float, count: int | None, seconds: float | None, batch: int) -> Score:
        """Until `count` actions or `seconds` are over, whichever is first; rate 0: no pause."""
        started, done = time.monotonic(), 0
        while count is None or done < count:
            now = time.monotonic() - started
            if seconds is not None and now >= seconds:
                break
            if rate and done > now * rate:
                time.sleep(min(done / rate - now, 0.5))
                continue
            size = batch if count is None else min(batch, count - done)
            self.batch(size)
            done += size
        self.score.seconds = time.monotonic() - started
        return self.score
