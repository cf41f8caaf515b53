"""HAPI's jars, fetched once a machine by Maven (versions in pom.xml) and kept outside the work tree."""
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def cache():
    said = os.environ.get("FLEET_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(said) if said else Path(base) / "integration-fleet"


def folder():
    """Complete, or an exception."""
    wanted = cache() / f"hapi-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not wanted.is_dir():
        wanted.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{wanted}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not wanted.is_dir():
                _fetch(wanted)
    return wanted


def _fetch(wanted):
    partial = Path(f"{wanted}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    run = subprocess.run(["mvn", "-B", "-q", "-ntp", "-f", str(POM), PLUGIN, "-DincludeScope=runtime",
                          f"-DoutputDirectory={partial}"], capture_output=True, text=True, timeout=600, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"fetching HAPI: {run.stdout}{run.stderr}")
    partial.rename(wanted)
