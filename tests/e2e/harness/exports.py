# SPDX-License-Identifier: Apache-2.0
"""Destinations of an agent's configuration, and what it says of them."""
from .process import wait_until

DROPS = ("queue_full", "refused", "rejected", "too_large", "retry_timeout", "stopped")


def export_to(endpoint, **settings):
    return {"name": "test", "protocol": "http/protobuf", "endpoint": endpoint, "interval": "200ms", "compression": "none",
            **settings}


def write_to(url, **settings):
    return {"name": "test", "protocol": "remote_write", "endpoint": f"{url}/api/v1/write", "interval": "200ms", **settings}


def destination_state(agent, name="test"):
    return next(one for one in agent.status("exporters")["data"]["destinations"] if one["name"] == name)


def ledger(agent, signal="metrics"):
    """The ledger of a signal; that it adds up is looked at each time."""
    counts = destination_state(agent)[signal]
    dropped = sum(counts["dropped"].values())
    assert counts["offered"] == counts["sent"] + counts["queued"] + counts["inFlight"] + dropped, counts
    return counts


def settled(agent, signal="metrics"):
    """The ledger once nothing is on the way."""
    def nothing_waits():
        counts = ledger(agent, signal)
        return counts if counts["queued"] == counts["inFlight"] == 0 else None
    return wait_until(nothing_waits, 20, f"{signal} are delivered")
