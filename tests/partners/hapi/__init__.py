"""HAPI, the HL7 implementation in Java, in a process of its own: reads messages strictly, and listens over MLLP.

The JVM is driven from Python (JPype), so no Java compiler is needed. Talk is JSON, a line each; see hapi/jvm.py."""
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

from . import jars


class _Process:
    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "partners.hapi.jvm", str(jars.folder()), *arguments],
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def say(self, what):
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("HAPI's process ended")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Reader(_Process):
    """Parses messages with HAPI's default validation."""

    def __init__(self):
        super().__init__("read")

    def read(self, message):
        self.say({"message": message})
        return Reading(self.hear())


class Reading:
    """What HAPI made of a message: `error` is None, or why it is refused; `structure` its class; `nonstandard`
    the segments that the structure does not have; `segments` [(name, {field: [[component, ...], ...]})], where
    a component with subcomponents is a list."""

    def __init__(self, answer):
        self.error = answer["error"]
        self.structure = answer.get("structure")
        self.nonstandard = answer.get("nonstandard", [])
        self.segments = [(name, {int(n): field for n, field in fields.items()})
                         for name, fields in answer.get("segments", [])]

    def all(self, name):
        return [fields for found, fields in self.segments if found == name]

    def get(self, name, field, component=1, repetition=1, nth=1):
        """A component's text; None where there is none."""
        try:
            return self.all(name)[nth - 1][field][repetition - 1][component - 1] or None
        except (IndexError, KeyError):
            return None


class Listener(_Process):
    """HAPI's MLLP server on loopback; `port`, and `messages` as they came in. `answer` says how it acknowledges
    from now on: AA, AE or AR (in enhanced mode CA, CE, CR), with a text, after a delay."""

    def __init__(self, **answer):
        super().__init__("listen")
        self.answer(**answer)
        self.port = self.hear()["port"]
        self.messages = []
        self._arrived = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def answer(self, code="AA", text=None, delay_ms=0):
        self.say({"code": code, "text": text, "delay_ms": delay_ms})

    def wait(self, seconds=20):
        """The next message that was not waited for yet."""
        return self._arrived.get(timeout=seconds)

    def _collect(self):
        try:
            while True:
                message = self.hear()["message"]
                self.messages.append(message)
                self._arrived.put(message)
        except (RuntimeError, ValueError):
            pass  # closed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
