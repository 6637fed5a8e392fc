"""`passgate webhooks deliveries` and its `replay`."""

import argparse
from typing import Any

from deploy.cli.filters import filtered
from deploy.cli.objects.lookup import looked_up
from deploy.cli.objects.nouns import Noun
from deploy.cli.outcome import DONE
from deploy.cli.tables import print_json, print_table

COLUMNS = ("id", "event_type", "state", "created_at", "next_attempt_at", "attempt")


def list_deliveries(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    path = f"/{noun.path}/{found['id']}/deliveries"
    listed = filtered(registry, path, arguments.limit, {"state": arguments.state})
    empty = "no delivery is in this state" if arguments.state else "nothing was delivered yet"
    if arguments.json:
        print_json(list(listed))
    else:
        print_table(COLUMNS, ({**each, "attempt": _last(each)} for each in listed), empty)
    return DONE


def replay(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    done = registry.post(f"/{noun.path}/{found['id']}/deliveries/{arguments.delivery}/replay")
    if arguments.json:
        print_json(done)
    else:
        print(f"delivery {done['id']} of {done['event_type']}: {done['state']}, tried again at once")
    return DONE


def _last(delivery: dict[str, Any]) -> str:
    """What became of the newest attempt."""
    if not delivery["attempts"]:
        return ""
    newest = delivery["attempts"][-1]
    return f"{len(delivery['attempts'])}: {newest['status'] or newest['error']}"
