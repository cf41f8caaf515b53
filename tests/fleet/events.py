"""LIS events, encoded by the CloudEvents project's own library."""
import json
import uuid

from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

FAMILIES = {57: "patient", 58: "patient"}


def cloud_event(data, event_id=None, source=None, traceparent=None):
    family = FAMILIES.get(data.get("action_id"), "bill")
    attributes = {"id": event_id or str(uuid.uuid4()), "source": source or f"/labs/{data.get('lab_id')}",
                  "type": f"lis.{family}.happened", "specversion": "1.0",
                  "subject": f"{family}/{data.get(family + '_id')}", "datacontenttype": "application/json"}
    if traceparent:
        attributes["traceparent"] = traceparent
    return CloudEvent(attributes=attributes, data=data)


class Publisher:
    def __init__(self, stack):
        self.stack = stack
        self.producer = Producer({"bootstrap.servers": stack.brokers, "partitioner": "murmur2_random",
                                  "enable.idempotence": True, "linger.ms": 5,
                                  "message.max.bytes": 10_000_000, "log_level": 2})

    def raw(self, topic, key, value, headers=None, partition=None):
        """Returns (partition, offset) once the broker has it."""
        done = []
        where = {} if partition is None else {"partition": partition}
        self.producer.produce(self.stack.topic(topic), key=key, value=value, headers=headers or [],
                              on_delivery=lambda error, message: done.append((error, message)), **where)
        self.producer.flush(30)
        error, message = done[0]
        assert error is None, error
        return message.partition(), message.offset()

    def event(self, data, mode="structured", event_id=None, source=None, traceparent=None):
        """Publishes one event; returns its id."""
        event = cloud_event(data, event_id, source, traceparent)
        self.raw("lis.events", str(data.get("lab_id")), *encode(event, mode))
        return event.get_id()

    def many(self, datas, mode="binary"):
        """Publishes all and waits for the broker once; returns the events' ids in order."""
        ids, errors = [], []
        for data in datas:
            event = cloud_event(data)
            value, headers = encode(event, mode)
            while True:
                try:
                    self.producer.produce(self.stack.topic("lis.events"), key=str(data["lab_id"]), value=value,
                                          headers=headers,
                                          on_delivery=lambda e, m: errors.append(e) if e else None)
                    break
                except BufferError:
                    self.producer.poll(0.1)
            ids.append(event.get_id())
        self.producer.flush(60)
        assert not errors, errors[:3]
        return ids


def encode(event, mode):
    message = {"structured": to_structured, "binary": to_binary}[mode](event, JSONFormat())
    return message.value, [(name, value) for name, value in message.headers.items()]


def bill_event(lab, bill, action_id=1, **more):
    return {"action_id": action_id, "lab_id": lab.id, "bill_id": bill.id, "patient_id": bill.patient_id,
            "activity_date": "2026-11-21T09:30:00Z", **more}


def dumps(value):
    return json.dumps(value).encode()
