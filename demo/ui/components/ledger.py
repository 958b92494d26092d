"""A ledger in HTML: both levels side by side, what they prove, and all that they were computed from."""

from __future__ import annotations

from html import escape

from demo.defences.ledger import Ledger
from demo.texts.ledger import LEVELS, WORDS, epsilon


def card(ledger: Ledger) -> str:
    """The whole ledger: the kind of guarantee in a word, epsilons, sentences, figures."""
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in ledger.sentences)
    figures = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _figures(ledger))
    return (
        f'<section class="ll-ledger {ledger.guarantee}" aria-label="Privacy ledger">'
        f'<p class="word">{WORDS[ledger.guarantee]}</p><h3>{escape(ledger.title)}</h3>'
        f"{_levels(ledger)}<ul>{sentences}</ul>"
        f"<details><summary>Figures behind it</summary><dl>{figures}</dl></details></section>"
    )


def _levels(ledger: Ledger) -> str:
    if ledger.photo_epsilon is None and ledger.person_epsilon is None:
        return ""
    tiles = []
    for title, name, meaning in LEVELS:
        value: float | None = getattr(ledger, name)
        figure = "none earned" if value is None else epsilon(value)
        tiles.append(f"<div><dt>{title}</dt><dd><strong>{figure}</strong><small>{meaning}</small></dd></div>")
    return f'<dl class="levels">{"".join(tiles)}</dl>'


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
