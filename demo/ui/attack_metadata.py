"""The metadata leak in HTML: what the file says by itself. Every text of the file is escaped: it is a stranger's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from demo.lora.metadata.leak import Finding, excerpt
from demo.report.page import GRAVITY, METADATA_LEAK, SILENT
from demo.ui.components.pictures import note

SHOWN = 2000  # characters of a value of the raw metadata
MOST = 300  # keys of them


def panel(said: Sequence[Finding], metadata: Mapping[str, str]) -> str:
    """The findings, the gravest first, and the metadata as they are in the file."""
    return (
        f'<section class="ll-metadata" aria-label="Metadata leak"><h3>{METADATA_LEAK}</h3>{_lead(said)}'
        f"{_items(said) if said else ''}{_raw(metadata)}</section>"
    )


def _lead(said: Sequence[Finding]) -> str:
    if not said:
        return note(SILENT, "good")
    grave = any(finding.severity == "high" for finding in said)
    text = (
        "Read from the header, before any attack. A clean copy says none of it, but its weights give away as much as "
        "before."
    )
    return note(text, "bad" if grave else "")


def _items(said: Sequence[Finding]) -> str:
    items = "".join(
        f'<li class="{escape(finding.severity)}"><strong>{escape(finding.what)}</strong> '
        f"<small>{GRAVITY[finding.severity]}</small><code>{escape(finding.value)}</code>"
        f"<small>{escape(finding.where)}. {escape(finding.why)}</small></li>"
        for finding in said
    )
    return f"<ul>{items}</ul>"


def _raw(metadata: Mapping[str, str]) -> str:
    if not metadata:
        return note("The file's header holds no metadata.")
    items = "".join(
        f"<dt>{escape(excerpt(key))}</dt><dd><code>{escape(value[:SHOWN])}</code></dd>"
        for key, value in list(metadata.items())[:MOST]
    )
    more = f"<p>And {len(metadata) - MOST} keys more.</p>" if len(metadata) > MOST else ""
    return f"<details class='ll-meta'><summary>Metadata in the file's header</summary><dl>{items}</dl>{more}</details>"
