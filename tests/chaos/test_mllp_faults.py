"""A killed dispatcher and ordered MLLP messages: none is lost, none overtakes, a repeat is known by its MSH-10."""
import base64
import collections
import time

import pytest

from fleet.load import Load
from fleet.wait import eventually
from partners import Ack, MllpPartner

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def control_id(log):
    return base64.b32hexencode(log["_id"].binary).decode().rstrip("=").lower()


def test_a_killed_dispatcher_keeps_an_entitys_order(world, stack):
    with MllpPartner(Ack(delay=0.005)) as peer:
        row = world.row(2, "", extra=peer.details(ordered_by="bill", max_concurrency=5))
        load = Load(world, total=10_000, rate=150, bills=20, action_id=2).start()
        for _ in range(2):
            eventually(lambda n=len(peer.messages): len(peer.messages) > n + 100, 60, what="the load is on")
            stack.kill("dispatcher")
            time.sleep(1)
            stack.start("dispatcher")
        load.finish(stop=True)
        logs = {log["event_id"]: log for log in load.settle([row])}
        arrived = [message.control_id for message in peer.messages]
    assert {log["status"] for log in logs.values()} == {"SUCCESS"}
    repeats = sum(n - 1 for n in collections.Counter(arrived).values())
    print(f"\ndispatcher killed twice: {repeats} repeated messages")
    assert repeats < 600  # on the wire, or ended since the last commit was made
    first_at = {name: place for place, name in reversed(list(enumerate(arrived)))}
    bills = collections.defaultdict(list)
    for i, event in enumerate(load.published):
        bills[i % 20].append(first_at[control_id(logs[event])])
    assert all(places == sorted(places) for places in bills.values())
