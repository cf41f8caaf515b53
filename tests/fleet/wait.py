"""Waiting is always for a condition, and always has an end."""
import os
import time

# Deadlines are a quiet machine's; on a busy one everything takes longer, and is no less right. pytest.ini's
# own time-out is above what they become.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "4"))
MOST = 80.0


def eventually(condition, deadline=15.0, every=0.05, what=None):
    """Returns the first true value of `condition()`. After `deadline` seconds it fails with
    what the condition said last; `what` says what was waited for, or is a function that does."""
    deadline = max(deadline, min(deadline * PATIENCE, MOST))
    end = time.monotonic() + deadline
    last = None
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            said = what() if callable(what) else what or condition.__name__
            raise AssertionError(f"not within {deadline} s: {said}; last: {last!r}")
        time.sleep(every)


def stays(condition, seconds, every=0.1, what=None):
    """Holds true for that long: for what must *not* happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"did not stay so: {what or condition.__name__}"
        time.sleep(every)
