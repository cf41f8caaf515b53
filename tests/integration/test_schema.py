"""The fleet's places, as a client finds them: SQL schemas, context functions, topics, indexes."""
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from fleet.lis import Lab, new_id
from fleet.rows import add_auth, add_row

TOPICS = ["lis.events", "integration.dispatch-tasks", "integration.callbacks", "integration.retries",
          "integration.failed-tasks", "integration.status-updates", "integration.inbound-calls"]
FOURTEEN_DAYS = 14 * 24 * 3600 * 1000


@pytest.fixture(scope="module")
def admin(stack):
    return AdminClient({"bootstrap.servers": stack.brokers})


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_exist_with_14_days_of_retention(stack, admin, topic):
    name = stack.topic(topic)
    assert name in admin.list_topics(timeout=15).topics
    config = list(admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values())[0].result(15)
    assert int(config["retention.ms"].value) == FOURTEEN_DAYS


def test_failed_tasks_holds_whatever_its_sources_can(stack, admin):
    sizes = {}
    for topic in TOPICS:
        resource = ConfigResource(ResourceType.TOPIC, stack.topic(topic))
        sizes[topic] = int(list(admin.describe_configs([resource]).values())[0].result(15)["max.message.bytes"].value)
    assert all(sizes["integration.failed-tasks"] >= size for size in sizes.values()), sizes
    assert sizes["lis.events"] >= 1 << 20


def version(stack):
    return stack.sql("SELECT version FROM integration.settings_version")[0][0]


def test_each_change_of_the_configuration_moves_its_version(stack):
    lab = Lab(stack, in_lis=False)
    seen = [version(stack)]
    auth = add_auth(stack, lab)
    seen.append(version(stack))
    row = add_row(stack, auth, 1, "http://127.0.0.1:1/")
    seen.append(version(stack))
    stack.sql("UPDATE integration.lab_integration SET is_disable = true WHERE id = %s", [row])
    seen.append(version(stack))
    stack.sql("DELETE FROM integration.lab_integration WHERE id = %s", [row])
    seen.append(version(stack))
    assert all(a < b for a, b in zip(seen, seen[1:])), seen


def test_the_time_of_auto_retry_is_kept(stack):
    lab = Lab(stack, in_lis=False)
    row = add_row(stack, add_auth(stack, lab), 1, "http://127.0.0.1:1/")

    def since():
        return stack.sql("SELECT is_auto_retry_since FROM integration.lab_integration WHERE id = %s", [row])[0][0]
    assert since() is None
    stack.sql("UPDATE integration.lab_integration SET is_auto_retry = true WHERE id = %s", [row])
    first = since()
    assert first is not None
    stack.sql("UPDATE integration.lab_integration SET url = 'http://127.0.0.1:2/', is_auto_retry_since = now()"
              " WHERE id = %s", [row])
    assert since() == first
    stack.sql("UPDATE integration.lab_integration SET is_auto_retry = false WHERE id = %s", [row])
    assert since() is None


@pytest.mark.parametrize("family", ["bill", "patient"])
def test_context_functions_answer_for_the_labs_own_entities_only(stack, family):
    mine, other = Lab(stack, "Mine"), Lab(stack, "Other")
    ids = {lab.id: [b.id if family == "bill" else b.patient_id for b in (lab.bill(), lab.bill())] for lab in (mine, other)}
    asked = [*ids[mine.id], *ids[other.id], new_id()]
    rows = stack.sql(f"SELECT id, context FROM lis_api.{family}_context(%s, %s)", [mine.id, asked])
    assert sorted(row[0] for row in rows) == sorted(ids[mine.id])
    for entity, context in rows:
        assert context["id"] == entity
        assert set(context["references"]) == {"lab_id", "org_id", "bill_id", "patient_id", "lrr_id", "report_id"}
        assert context["references"]["lab_id"] == mine.id
        assert context["lab"]["lab_name"] == "Mine" and context["patient"]["full_name"] == "Asha Rao"


def test_a_context_of_a_bill_has_its_items_and_payments(stack):
    lab = Lab(stack)
    bill = lab.bill(items=3)
    payment = lab.payment(bill.id)
    context = stack.sql("SELECT context FROM lis_api.bill_context(%s, %s)", [lab.id, [bill.id]])[0][0]
    assert [item["bill_item_id"] for item in context["items"]] == bill.item_ids
    assert context["items"][0]["test"]["test_code"] == "CBC"
    assert [p["payment_id"] for p in context["payments"]] == [payment]
    assert context["organisation"] is None and context["referral"] is None


def test_the_directory_has_few_indexes_and_finds_a_labs_newest(stack):
    indexes = stack.mongo.integration_directory.index_information()
    assert 2 <= len(indexes) <= 9, indexes  # each costs every write: the lists' filters, bill, patient, due retries
    assert any([key for key, _ in index["key"]][0] == "lab_id" for index in indexes.values())
