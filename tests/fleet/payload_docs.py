"""docs/payloads.md, out of what partners received."""
import json
import re

from . import schemas
from .stack import ROOT

PAGE = ROOT / "docs" / "payloads.md"
FIRST_ID = 9001

HEAD = """# Payloads

What a partner gets, by Action ID: JSON over HTTP. `webhookId` is the Action ID; `labId` is an object in the events of bills and a number in all others; `Status` or `status`
says the event in the words that partners know. Every key is always there, null where nothing is known, spelled as partners know it. A row's `template_text` replaces the body: Mustache over the context, then over these keys;
HL7 rows (28, 49, 50, or a `payload_type` of HL7) get a message of the same entity; a GET has the same members in its query, nested ones as JSON text, and never a document;
a fax row (56) makes the vendor's requests of it ([operations](operations.md#rows-that-send-faxes)).

The definitions are tables in `common/payload/`, one a family; `docs/schemas/payloads/` has a JSON Schema of each, made of the groups in [blocks](schemas/payloads/blocks.json). This page is
made of what an HTTP partner received in `tests/e2e/test_payload_docs.py`, which also checks that it is current (`--update` writes it anew).

The records of a bulk event go to a row with `is_batch` as the array of their bodies, else each as its own request. Documents (`reportBase64`) are read when the request is sent.

## What was received

"""


def known_ids(value, found):
    """The fixtures' ids, in the order of their appearance: the only large integers of a body."""
    if isinstance(value, dict):
        for member in value.values():
            known_ids(member, found)
    elif isinstance(value, list):
        for member in value:
            known_ids(member, found)
    elif isinstance(value, int) and value >= 10**9 and value not in found:
        found.append(value)
    return found


def example(body):
    """The body with small ids, and with times that are the same tomorrow."""
    text = json.dumps(body, indent=2, ensure_ascii=False)
    for number, entity in enumerate(known_ids(body, []), FIRST_ID):
        text = re.sub(rf"(?<!\d){entity}(?!\d)", str(number), text)
    text = re.sub(r"\b(PCN|INV-)\d{9,}", rf"\g<1>{FIRST_ID}", text)
    text = re.sub(r'("controlNumber": )"\d+"', rf'\1"{FIRST_ID:09}"', text)
    return re.sub(r'("(?:lastUpdated|updatedAt|cancelledAt|dismissedAt)": )"[^"]+"', r'\1"2026-11-21T13:00:00Z"', text)


def size(body):
    lists = [f"`{key}` ({len(value)})" for key, value in body.items() if isinstance(value, list) and value]
    return f"{len(body)} keys" + (f", lists {', '.join(lists)}" if lists else "")


def row(happening, request):
    return (f"| {happening.action} | {happening.operation or ''} | {request.method} `{request.headers['content-type']}` |"
            f" {size(request.json())} | [{happening.action}.json](schemas/payloads/{happening.action}.json) |")


def title(action):
    return json.loads((schemas.FOLDER / "payloads" / f"{action}.json").read_text())["title"]


def compose(received):
    """The whole page, of [(happening, request)]."""
    received = sorted(received, key=lambda pair: pair[0].action)
    table = ["| Action ID | operation | request | body | schema it was held against |", "|---|---|---|---|---|",
             *(row(*pair) for pair in received)]
    examples, seen = [], set()
    for happening, request in received:
        if happening.action not in seen:
            examples.append(f"\n## {title(happening.action)}\n")
        seen.add(happening.action)
        if happening.operation:
            examples.append(f"`operation` {happening.operation}:\n")
        examples.append(f"```json\n{example(request.json())}\n```\n")
    return HEAD + "\n".join(table) + "\n" + "\n".join(examples)
