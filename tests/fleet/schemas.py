"""docs/schemas, the contract of every topic's messages and of the partners' bodies."""
import functools
import json

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from .stack import ROOT

FOLDER = ROOT / "docs" / "schemas"


def _load(path):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    return schema


@functools.cache
def _registry():
    files = [*FOLDER.glob("*.json"), *FOLDER.glob("payloads/*.json")]
    return Registry().with_resources((path.name, Resource.from_contents(_load(path))) for path in files)


@functools.cache
def validator(name):
    return Draft202012Validator(_load(FOLDER / f"{name}.json"), registry=_registry())


def check(name, document):
    errors = [f"{'/'.join(map(str, e.absolute_path)) or '(top)'}: {e.message[:300]}"
              for e in validator(name).iter_errors(document)]
    assert not errors, f"not a {name}: " + "; ".join(errors[:10])
