import pytest

from fleet.events import Publisher
from fleet.stack import Stack
from fleet.world import World
from partners import Partner


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="write what a test compares anew (docs/payloads.md)")


@pytest.fixture(scope="session")
def stack():
    """The running stack; started when there is none."""
    return Stack()


@pytest.fixture(scope="session")
def publisher(stack):
    return Publisher(stack)


@pytest.fixture
def world(stack, publisher):
    return World(stack, publisher)


@pytest.fixture
def partner():
    with Partner() as p:
        yield p
