"""What a fuzz run found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Report:
    """Counts of one run, and every failing try with the seed that makes it again."""

    name: str
    tries: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by kind of refusal
    crashes: list[str] = field(default_factory=list)  # "seed N: what": another error than the core's own
    wrong: list[str] = field(default_factory=list)  # "seed N: what": a cause that does not hold

    @property
    def passed(self) -> bool:
        return not self.crashes and not self.wrong

    def lines(self) -> list[str]:
        """As text; of the failures the first twenty of each kind."""
        refused = [f"  {count:>9,} {kind}" for kind, count in self.refused.most_common()]
        return [
            f"{self.name}: {self.tries:,} tries, {self.accepted:,} accepted, {self.refused.total():,} refused, "
            f"{len(self.crashes):,} crashes, {len(self.wrong):,} wrong causes",
            *refused,
            *(f"CRASH {what}" for what in self.crashes[:20]),
            *(f"WRONG CAUSE {what}" for what in self.wrong[:20]),
        ]
