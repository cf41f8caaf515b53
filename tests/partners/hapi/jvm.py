"""The process with the JVM: python -m partners.hapi.jvm JARS read|listen. JSON lines in and out.

read: {"message"} gives {"error"} or {"error": null, "structure", "nonstandard", "segments"}.
listen: {"code", "text", "delay_ms"} sets the answer, the first of them starts the server and gives {"port"}; each
message that comes in gives {"message"}."""
import json
import os
import socket
import sys
import time

import jpype
from jpype import JImplements, JOverride


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def context():
    """HAPI as it is by default: it validates, and a segment that a structure does not have is kept and told."""
    hapi = jpype.JClass("ca.uhn.hl7v2.DefaultHapiContext")()
    hapi.setValidationContext(
        jpype.JClass("ca.uhn.hl7v2.validation.impl.ValidationContextFactory").defaultValidation())
    # the default one keeps a file
    hapi.getParserConfiguration().setIdGenerator(jpype.JClass("ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator")())
    return hapi


def trimmed(parts):
    while parts and not parts[-1]:
        parts.pop()
    return parts


class Dump:
    """A parsed message as plain lists and texts."""

    def __init__(self):
        self.terser = jpype.JClass("ca.uhn.hl7v2.util.Terser")
        self.group = jpype.JClass("ca.uhn.hl7v2.model.Group")

    def message(self, message):
        nonstandard, segments = [], []
        self._group(message, nonstandard, segments)
        return {"error": None, "structure": str(message.getName()), "nonstandard": nonstandard, "segments": segments}

    def _group(self, group, nonstandard, segments):
        nonstandard += [str(name) for name in group.getNonStandardNames()]
        for name in group.getNames():
            for structure in group.getAll(name):
                if isinstance(structure, self.group):
                    self._group(structure, nonstandard, segments)
                elif not structure.isEmpty():
                    segments.append([str(structure.getName()), self._segment(structure)])

    def _segment(self, segment):
        fields = {}
        for number in range(1, segment.numFields() + 1):
            repetitions = [self._field(one) for one in segment.getField(number)]
            if any(any(parts) for parts in repetitions):
                fields[number] = repetitions
        return fields

    def _field(self, field):
        return trimmed([self._component(field, n) for n in range(1, self.terser.numComponents(field) + 1)])

    def _component(self, field, n):
        texts = [self.terser.getPrimitive(field, n, sub).getValue()
                 for sub in range(1, self.terser.numSubComponents(field, n) + 1)]
        texts = trimmed(["" if text is None else str(text) for text in texts])
        return texts if len(texts) > 1 else "".join(texts)


def read():
    parser, dump = context().getPipeParser(), Dump()
    for line in sys.stdin:
        try:
            answer = dump.message(parser.parse(json.loads(line)["message"]))
        except jpype.JClass("ca.uhn.hl7v2.HL7Exception") as refusal:
            answer = {"error": str(refusal)}
        say(answer)


@JImplements("ca.uhn.hl7v2.protocol.ReceivingApplication", deferred=True)
class Application:
    answer = {}

    @JOverride
    def canProcess(self, _message):  # noqa: N802 -- HAPI's name
        return True

    @JOverride
    def processMessage(self, message, _metadata):  # noqa: N802 -- HAPI's name
        answer = dict(Application.answer)
        say({"message": str(message.encode())})
        time.sleep(answer["delay_ms"] / 1000)
        code = jpype.JClass("ca.uhn.hl7v2.AcknowledgmentCode").valueOf(answer["code"])
        text = jpype.JClass("ca.uhn.hl7v2.HL7Exception")(answer["text"]) if answer["text"] else None
        return message.generateACK(code, text)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listen():
    Application.answer = json.loads(sys.stdin.readline())
    port = free_port()
    server = context().newServer(port, False)
    server.registerApplication("*", "*", Application())
    server.startAndWait()
    say({"port": port})
    for line in sys.stdin:
        Application.answer = json.loads(line)
    server.stop()
    os._exit(0)  # its connections' threads would wait for their peers


def main():
    folder, what = sys.argv[1:3]
    sys.stdout.reconfigure(encoding="utf-8")
    # what else prints, prints to the test's log
    jpype.startJVM("-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true", classpath=[f"{folder}/*"])
    {"read": read, "listen": listen}[what]()


if __name__ == "__main__":
    main()
