"""lis-sim: a simulated laboratory information system, on the command line."""

import argparse
import json
import sys
from random import Random, SystemRandom

from .actions import ACTIONS, Desk, candidates, perform
from .db import connect
from .play import MIXES, Player
from .sample.load import load

DEFAULT_SECONDS = 60.0


def command_load(arguments: argparse.Namespace) -> int:
    with connect() as conn:
        counts = load(conn, arguments.seed, arguments.patients, arguments.bills)
    if not counts:
        print("the sample LIS is already there")
    for table, count in counts.items():
        print(f"{count:8} {table}")
    return 0


def command_do(arguments: argparse.Namespace) -> int:
    action = ACTIONS[arguments.action]
    random = Random(arguments.seed) if arguments.seed is not None else SystemRandom()
    labs = [arguments.lab] if arguments.lab else None
    with connect() as conn:
        known = candidates(conn, action, labs, limit=1000, target_id=arguments.id)
        if not known:
            print(f"no {action.target} that {action.name} applies to", file=sys.stderr)
            return 1
        lab_id, target_id = random.choice(known)
        event = perform(conn, action.name, target_id, lab_id, Desk(conn, random),
                        arguments.data, arguments.traceparent)
    if event is None:
        print(f"{action.name} no longer applies: nothing happened", file=sys.stderr)
        return 1
    print(json.dumps({"event_id": event.event_id, "subject": event.subject, "data": event.data}))
    return 0


def command_play(arguments: argparse.Namespace) -> int:
    mix = {arguments.action: 1} if arguments.action else MIXES[arguments.mix]
    seconds = arguments.seconds
    if seconds is None and arguments.count is None:
        seconds = DEFAULT_SECONDS
    seed = arguments.seed if arguments.seed is not None else SystemRandom().getrandbits(64)
    with connect() as conn:
        score = Player(conn, mix, seed, arguments.lab).play(
            arguments.rate, arguments.count, seconds, arguments.batch)
    for name, count in sorted(score.events.items()):
        print(f"{count:8} {name}")
    total = sum(score.events.values())
    print(f"{total:8} events in {score.seconds:.1f} s, {score.not_applicable} did not apply")
    return 0 if total else 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lis-sim", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    loader = commands.add_parser("load", help="fill schema lis with the sample")
    loader.add_argument("--seed", type=int, default=7)
    loader.add_argument("--patients", type=int, default=2000)
    loader.add_argument("--bills", type=int, default=5000)
    loader.set_defaults(run=command_load)

    doer = commands.add_parser("do", help="one action, and the event it made")
    doer.add_argument("action", choices=ACTIONS)
    doer.add_argument("--id", type=int, help="of the action's target; else any it applies to")
    doer.add_argument("--lab", type=int)
    doer.add_argument("--data", type=json.loads, help="JSON put over the event's data")
    doer.add_argument("--traceparent")
    doer.add_argument("--seed", type=int)
    doer.set_defaults(run=command_do)

    player = commands.add_parser("play", help="a mix of actions")
    player.add_argument("--rate", type=float, default=50.0, help="a second; 0: no pause")
    player.add_argument("--count", type=int)
    player.add_argument("--seconds", type=float, help=f"default {DEFAULT_SECONDS:g} without --count")
    player.add_argument("--mix", choices=MIXES, default="billing")
    player.add_argument("--action", choices=ACTIONS, help="only this one")
    player.add_argument("--batch", type=int, default=1, help="actions in one transaction")
    player.add_argument("--lab", type=int, action="append", help="only in this lab; may be repeated")
    player.add_argument("--seed", type=int)
    player.set_defaults(run=command_play)
    return top


def main() -> int:
    arguments = parser().parse_args()
    run = arguments.run
    return int(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
