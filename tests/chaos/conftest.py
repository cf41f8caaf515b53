import pytest


@pytest.fixture(autouse=True)
def whole(stack):
    """Each test begins with a whole stack and leaves one, whatever it stopped."""
    stack.ensure_running()
    yield
    stack.ensure_running()
