"""A ledger in HTML: both levels side by side, what they prove, and all that they were computed from."""

from __future__ import annotations

from markupsafe import Markup

from demo.lora.ledger import Ledger
from demo.report.rendering import render
from demo.texts.ledger import LEVELS, WORDS, epsilon


def card(ledger: Ledger) -> Markup:
    """The whole ledger: the kind of guarantee in a word, epsilons, sentences, figures."""
    return render(
        "ui/ledger.html.j2",
        ledger=ledger,
        word=WORDS[ledger.guarantee],
        levels=_levels(ledger),
        figures=_figures(ledger),
    )


def _levels(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Title, epsilon and meaning of each level; none where there is no epsilon."""
    values: list[float | None] = [getattr(ledger, name) for _, name, _ in LEVELS]
    if values == [None, None]:
        return []
    return [
        (title, "none earned" if value is None else epsilon(value), meaning)
        for (title, _, meaning), value in zip(LEVELS, values, strict=True)
    ]


def _figures(ledger: Ledger) -> list[tuple[str, str]]:
    """Name and value of all that is known."""
    numbers: tuple[tuple[str, float | None], ...] = (
        ("Noise multiplier σ", ledger.sigma),
        ("Sampling rate q", ledger.q),
        ("Clipping norm C", ledger.clip),
        ("δ", ledger.delta),
    )
    texts: tuple[tuple[str, str | None], ...] = (
        ("Accountant", ledger.accountant),
        ("What neighbouring means", ledger.neighbouring),
        ("Random numbers", ledger.noise),
        ("Settings", ", ".join(f"{name} = {value}" for name, value in ledger.settings.items() if value is not None)),
        ("Versions", ", ".join(f"{name} {number}" for name, number in ledger.versions.items())),
    )
    return [
        *((name, f"{value:.4g}") for name, value in numbers if value is not None),
        ("Steps taken", f"{ledger.steps:,}"),
        ("Photos", str(ledger.photos)),
        *((name, text) for name, text in texts if text),
    ]
