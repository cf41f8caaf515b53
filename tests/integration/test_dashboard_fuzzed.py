"""Schemathesis reads the API's document and holds the server to it: it finds nothing."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.dashboard import Dashboard, add_token, add_user
from partners import Partner, Reply

# The same requests each time; FUZZ_SECONDS makes others, for longer.
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SEARCHING = "FUZZ_SECONDS" in os.environ
# A stream does not end. What a row may hold is said by its faults: a document cannot.
CONFIG = """
max-time = {seconds}
warnings = false

[auth.openapi.bearer]
bearer = "{token}"

[generation]
with-security-parameters = false
max-examples = {examples}
deterministic = {deterministic}

[phases.stateful]
enabled = false

[parameters]
{parameters}

[[operations]]
include-path = "/api/v1/stream"
enabled = false

[[operations]]
include-path = "/api/v1/integrations"
include-method = "POST"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def dashboard(stack):
    return Dashboard(stack)


@pytest.mark.timeout(SECONDS * 5)
def test_schemathesis_finds_nothing(world, stack, dashboard, tmp_path):
    with Partner(Reply(code=500)) as partner:
        log = world.deliver(partner.url())
    preview = dashboard.post("logs/retry", {"filter": {"lab_id": world.lab.id}, "dry_run": True})
    run = dashboard.post("retry-runs", {"preview_id": preview["preview_id"], "reason": "fuzzed", "start_paused": True}, code=202)
    known = {"lab_id": world.lab.id, "auth_id": world.auth, "integration_id": log["lab_integration_id"], "log_id": str(log["_id"]),
             "run_id": run["id"], "lane": str(world.auth), "kind": "bill", "entity": str(log["bill_id"])}
    parameters = "\n".join(f'"path.{name}" = {value!r}' for name, value in known.items())
    token = add_token(add_user("admin", [world.lab.id])[0])
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(
        seconds=SECONDS, token=token, parameters=parameters, examples=20 if SEARCHING else 4, deterministic=str(not SEARCHING).lower()))
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run([sys.executable, program, "run", stack.env["DASHBOARD_URL"] + "/openapi.json", "--no-color",
                           "--phases", "coverage,fuzzing"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS * 4, check=False)
    print(done.stdout[-20000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 0" not in done.stdout and " generated" in done.stdout
    dashboard.post(f"retry-runs/{run['id']}/cancel")
    assert dashboard.get("health")["stores"]["postgres"]
