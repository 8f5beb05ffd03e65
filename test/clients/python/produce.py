"""Writes the records of standard input by kafka-python, see ../README.md."""
import sys
from collections import defaultdict

from kafka import KafkaProducer

jobs = defaultdict(list)
for line in sys.stdin.buffer.read().decode("utf-8").splitlines():
    codec, topic, key, value = line.split("\t")
    jobs[codec].append((topic, key, value))

for codec, records in jobs.items():
    settings = {} if codec == "default" else {"compression_type": None if codec == "none" else codec}
    producer = KafkaProducer(bootstrap_servers=sys.argv[1].split(","), **settings)
    sent = [producer.send(topic, key=key.encode(), value=value.encode()) for topic, key, value in records]
    for one in sent:
        one.get(timeout=30)
    producer.close()
