"""Made-up arms and experiments, and what tells two pipelines apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from demo.shake.model import Shake, ShakeArm, ShakeSettings
from demo.shake.people import Domain
from demo.stats.roc import roc

QUICK = ShakeSettings(size=2, steps=1, generations=3, clique=2, edge=1.0)


def assert_same(before: dict[str, object], after: dict[str, object]) -> None:
    """Two looks at a pipeline, the second one after the first."""
    assert before.keys() == after.keys()
    for key, value in before.items():
        if isinstance(value, dict) and key.endswith("weights"):
            other = after[key]
            assert isinstance(other, dict)
            assert value.keys() == other.keys()
            assert all(torch.equal(value[path], other[path]) for path in value), key
        else:
            assert value == after[key], key


def new_arm(key: str = "before", label: str = "Before", source: str = "none", **more: object) -> ShakeArm:
    """An arm that nobody ran: three members that score low, two non-members that score high."""
    members = more.pop("members", [1.0, 2.0, 3.5])
    non_members = more.pop("non_members", [3.0, 4.0])
    fields: dict[str, object] = {
        "key": key,
        "label": label,
        "source": source,
        "scores_members": torch.tensor(members),
        "scores_non_members": torch.tensor(non_members),
        "roc": roc(members, non_members) if members and non_members else None,  # type: ignore[arg-type]
        "candidates": (),
        "matches": (),
        "mistaken": (),
        "parameters": 0,
        "seconds": 1.5,
    }
    return ShakeArm(**fields | more)  # type: ignore[arg-type]


def new_shake(domain: Domain, arms: Sequence[ShakeArm], **more: object) -> Shake:
    fields: dict[str, object] = {
        "domain": domain,
        "before": new_arm(),
        "arms": arms,
        "synthetic": domain.members,
        "base": "tiny, nobody's",
        "settings": QUICK,
        "seed": 0,
        "planned": len(arms),
    }
    return Shake(**fields | more)  # type: ignore[arg-type]
