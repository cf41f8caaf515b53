"""What the documents say is so."""
import json
import re

import pytest

from fleet.schemas import FOLDER
from fleet.stack import ROOT, SERVICES, http
from fleet.topics import Topic

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_files_that_are_named_exist(page):
    named = re.findall(r"`((?:common|services|tools|deploy|tests|docs)/[\w./-]*\w(?:\.\w+)?)/?`", page.read_text())
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_topics_table_has_the_real_partition_counts(stack):
    rows = re.findall(r"^\| `([\w.-]+)` \|[^|]+\| (\d+) \|", (ROOT / "docs" / "messages.md").read_text(), re.M)
    assert len(rows) == 8
    for name, partitions in rows:
        topic = Topic(stack, name)
        assert len(topic.partitions) == int(partitions), name
        topic.close()


@pytest.mark.parametrize("service", SERVICES)
def test_every_metric_is_in_the_page_of_metrics(stack, service):
    page = (ROOT / "docs" / "metrics.md").read_text()
    text = http("GET", stack.health_url(service) + "/metrics").body.decode()
    names = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    assert len(names) > 8
    assert not {name for name in names if f"`{name}`" not in page and f"`{name}{{" not in page}


@pytest.mark.parametrize("schema", ["lis-event", "dispatch-task"])
def test_the_schemas_know_the_actions_of_the_table(stack, schema):
    known = json.loads((FOLDER / f"{schema}.json").read_text())["properties"]["action_id"]["enum"]
    assert known == [row[0] for row in stack.sql("SELECT id FROM integration.action_category_list ORDER BY id")]


def test_the_table_of_indexes_is_the_stores(stack):
    page = (ROOT / "docs" / "dashboard.md").read_text()
    rows = {name: (fields, use) for name, fields, use in re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", page, re.M)}
    said = {name: [(field.split()[0], -1 if "↓" in field else 1) for field in fields.split(", ")] for name, (fields, _) in rows.items()}
    kept = {name: [(field, int(order)) for field, order in index["key"]]
            for name, index in stack.mongo.integration_directory.index_information().items() if name != "_id_"}
    assert said == kept
    source = (ROOT / "common" / "logstore" / "search_filter.c").read_text()
    ways = re.findall(r'\.searches = "([^"]+)",\s*\.index = "([^"]+)"', source)
    assert len(ways) == 5
    for searches, names in ways:
        for name in names.split(", "):
            assert name == "_id_" or rows[name][1].startswith(searches), name
