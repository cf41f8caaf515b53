"""Which rows an event meets: lab, organisation, action and the two switches, as of now."""
import pytest

from fleet import rows
from fleet.lis import Lab
from fleet.wait import eventually, stays
from fleet.world import FINAL
from partners import Partner, Reply

A, B = "the event's organisation", "another organisation"


@pytest.mark.parametrize("row_org, auth_org, is_org, event_org, matches", [
    (None, None, False, None, True),
    (None, None, False, A, True),
    (A, None, False, A, True),
    (A, None, False, B, False),
    (A, None, False, None, False),
    (None, A, False, B, True),  # the authentication's organisation counts with is_org only
    (None, A, True, A, True),
    (None, A, True, B, False),
    (None, A, True, None, False),
    (None, None, True, None, False),  # null matches nothing
    (None, None, True, A, False),
    (A, A, True, A, True),
    (B, A, True, A, False),
    (A, B, True, A, False),
])
def test_organisations(world, partner, row_org, auth_org, is_org, event_org, matches):
    ids = {None: None, A: world.lab.org("A"), B: world.lab.org("B")}
    auth = rows.add_auth(world.stack, world.lab, org_id=ids[auth_org], is_org=is_org)
    row = world.row(1, partner.url("/tried"), auth=auth, org_id=ids[row_org])
    more = {} if event_org is None else {"org_id": ids[event_org]}
    event = world.bill_event(**more)
    if matches:
        assert world.wait_log(event, row)["status"] == "SUCCESS"
    else:
        world.barrier(partner.url("/behind"))
        assert world.logs(event_id=event) == []
        assert not [r for r in partner.requests if r.path == "/tried"]


def test_another_labs_rows_do_not_match(world, partner, stack):
    other = Lab(stack, "Other Lab")
    rows.add_row(stack, rows.add_auth(stack, other), 1, partner.url("/other"))
    row = world.row(1, partner.url("/mine"))
    world.wait_log(world.bill_event(), row)
    assert [r.path for r in partner.requests] == ["/mine"]


def test_another_actions_rows_do_not_match(world, partner):
    world.row(2, partner.url("/update"))
    row = world.row(1, partner.url("/generation"))
    world.wait_log(world.bill_event(), row)
    assert [r.path for r in partner.requests] == ["/generation"]


def test_the_master_switch_stops_every_row_of_the_authentication(world, partner):
    auth = rows.add_auth(world.stack, world.lab, enabled=False)
    world.row(1, partner.url("/off"), auth=auth)
    row = world.row(1, partner.url("/on"))
    event = world.bill_event()
    world.wait_log(event, row)
    assert len(world.logs(event_id=event)) == 1
    assert [r.path for r in partner.requests] == ["/on"]


def test_a_softly_disabled_row_is_left_out(world, partner):
    world.row(1, partner.url("/off"), is_disable=True)
    row = world.row(1, partner.url("/on"))
    event = world.bill_event()
    world.wait_log(event, row)
    assert len(world.logs(event_id=event)) == 1
    assert [r.path for r in partner.requests] == ["/on"]


def test_a_row_changed_by_sql_counts_for_the_next_event(world):
    with Partner() as old, Partner() as new:
        row = world.row(1, old.url())
        world.wait_log(world.bill_event(), row)
        rows.update_row(world.stack, row, url=new.url("/moved"))
        log = world.wait_log(world.bill_event(), row)
        assert log["end_point"] == new.url("/moved")
        assert len(old.requests) == 1 and [r.path for r in new.requests] == ["/moved"]

        rows.update_row(world.stack, row, is_disable=True)
        event = world.bill_event()
        world.barrier(new.url("/behind"))
        assert world.logs(event_id=event) == []



def test_a_row_added_by_sql_counts_for_the_next_event(world, partner):
    first = world.row(1, partner.url("/first"))
    world.wait_log(world.bill_event(), first)
    second = world.row(1, partner.url("/second"))
    event = world.bill_event()
    assert world.wait_log(event, first) and world.wait_log(event, second)


def test_a_lab_without_rows_leaves_no_trace(world, partner):
    event = world.bill_event()
    world.barrier(partner.url())
    assert world.logs(event_id=event) == []


def test_an_unknown_lab_leaves_no_trace_and_stops_nothing(world, partner, stack):
    ghost = Lab(stack, in_lis=False)
    event = world.publish({"action_id": 1, "lab_id": ghost.id, "bill_id": 1})
    world.barrier(partner.url())
    assert stack.mongo.integration_directory.count_documents({"lab_id": ghost.id, "event_id": event}) == 0


def test_a_row_that_is_disabled_while_its_task_waits_ends_as_fail_config(world):
    with Partner(Reply(delay=2.0)) as slow:
        row = world.row(1, slow.url(), extra={"max_concurrency": 1})
        bill = world.lab.bill()
        events = [world.bill_event(bill=bill) for _ in range(4)]
        eventually(lambda: slow.requests, 10, what="the first request arrives")
        for event in events:  # matched, all of them, while the row was still on
            world.wait_log(event, row, status={"QUEUED"} | FINAL)
        rows.update_row(world.stack, row, is_disable=True)
        logs = [world.wait_log(event, row) for event in events]
        failed = [log for log in logs if log["status"] == "FAIL"]
        assert failed and all(log["error_kind"] == "config" for log in failed)
        stays(lambda: len(slow.requests) + len(failed) == 4, 1.5, what="no request of a disabled row")


def test_only_the_columns_that_are_meant_are_needed(world, partner):
    auth = world.stack.sql("INSERT INTO integration.developer_authentication (auth_key, lab_id, is_integration_enable)"
                           " VALUES (%s, %s, true) RETURNING id", [f"key-{world.lab.id}", world.lab.id])[0][0]
    row = world.stack.sql("INSERT INTO integration.lab_integration (auth_id, action_category_list_id, url, request_type)"
                          " VALUES (%s, 1, %s, 1) RETURNING id", [auth, partner.url()])[0][0]
    assert world.wait_log(world.bill_event(), row)["status"] == "SUCCESS"


def test_a_null_means_the_default_and_words_count_in_any_case(world, partner, stack):
    auth = stack.sql("INSERT INTO integration.developer_authentication (auth_key, lab_id, developer_name, integration_type, headers,"
                     " flags, is_org, is_integration_enable) VALUES ('k' || gen_random_uuid(), %s, NULL, 'Api', NULL, NULL, NULL, NULL)"
                     " RETURNING id", [world.lab.id])[0][0]
    row = stack.sql("INSERT INTO integration.lab_integration (auth_id, action_category_list_id, url, integration_type, request_type,"
                    " headers, payload_type, integration_extra_details, is_batch, is_auto_retry, is_disable)"
                    " VALUES (%s, 57, %s, 'Webhook', NULL, NULL, NULL, NULL, NULL, NULL, NULL) RETURNING id", [auth, partner.url()])[0][0]
    event = world.publish({"action_id": 57, "lab_id": world.lab.id, "patient_id": world.lab.patient()})
    assert world.wait_log(event, row)["status"] == "SUCCESS"
    assert partner.requests[0].method == "POST" and partner.requests[0].headers["content-type"] == "application/json"
