"""Reads dashboards with Grafana's own types, writes them again, and prints every member that got lost, a line each."""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(before, after, path=""):
    if isinstance(before, dict) and isinstance(after, dict):
        for name, member in before.items():
            yield from lost(member, after[name], f"{path}/{name}") if name in after else [f"{path}/{name}"]
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after):
            yield from lost(one, other, f"{path}/*")
    elif before != after:
        yield path


plugins.register_default_plugins()
found = set()
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        board = json.load(file)
    found.update(lost(board, json.loads(JSONEncoder().encode(Dashboard.from_json(board)))))
print("\n".join(sorted(found)))
