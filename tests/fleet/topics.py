"""Reading topics without a group: from a place, up to now, or until something appears."""
import json
import time

from confluent_kafka import Consumer, TopicPartition


class Message:
    def __init__(self, m, prefix):
        self.topic = m.topic().removeprefix(prefix)
        self.partition, self.offset = m.partition(), m.offset()
        self.key, self.value = m.key(), m.value()
        self.headers = {name: value for name, value in (m.headers() or [])}
        self.timestamp = m.timestamp()[1]

    def text(self, header):
        value = self.headers.get(header)
        return None if value is None else value.decode()

    def json(self):
        return json.loads(self.value)


class Topic:
    """Remembers where the topic ended when it was opened, and reads on from there."""

    def __init__(self, stack, name, from_start=False):
        self.stack, self.name = stack, name
        self.consumer = Consumer({"bootstrap.servers": stack.brokers, "group.id": "tests-read-only",
                                  "enable.auto.commit": False, "enable.partition.eof": False,
                                  "fetch.message.max.bytes": 20_000_000, "receive.message.max.bytes": 120_000_000,
                                  "auto.offset.reset": "earliest",
                                  # questions for offsets wait behind a fetch that waits
                                  "fetch.wait.max.ms": 20})
        full = stack.topic(name)
        metadata = self.consumer.list_topics(full, timeout=15)
        self.partitions = sorted(metadata.topics[full].partitions)
        places = []
        for partition in self.partitions:
            low, high = self.consumer.get_watermark_offsets(TopicPartition(full, partition), timeout=15)
            places.append(TopicPartition(full, partition, low if from_start else high))
        self.consumer.assign(places)
        self.starts = {place.partition: place.offset for place in places}
        self.seen = []

    def poll(self, wait=0.2):
        for m in self.consumer.consume(num_messages=2000, timeout=wait):
            if m.error() is None:
                self.seen.append(Message(m, self.stack.topic("")))
        return self.seen

    def until(self, matches, deadline=15, count=1):
        """The messages that match, at least `count` of them."""
        end = time.monotonic() + deadline
        while True:
            found = [m for m in self.poll() if matches(m)]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, \
                f"{len(found)} of {count} messages on {self.name} within {deadline} s, {len(self.seen)} others"

    def to_the_end(self, limit=100_000):
        """Everything up to the present end."""
        full = self.stack.topic(self.name)
        ends = {p: self.consumer.get_watermark_offsets(TopicPartition(full, p), timeout=15) for p in self.partitions}
        while len(self.seen) < limit:
            places = self.consumer.position([TopicPartition(full, p) for p in self.partitions])
            if all(ends[p.partition][1] <= max(p.offset, self.starts[p.partition], ends[p.partition][0])
                   for p in places):
                break
            self.poll(0.2)
        return self.seen

    def close(self):
        self.consumer.close()


def partition_of(key, partitions=12):
    """Where the fleet's and the Java clients' producers put a key (murmur2)."""
    data, mask, m = str(key).encode(), 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if data[whole:]:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions
