"""The metadata leak in HTML: what the file says by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from markupsafe import Markup

from demo.lora.metadata.leak import Finding, excerpt
from demo.report.page import GRAVITY, METADATA_LEAK, SILENT
from demo.report.rendering import render

SHOWN = 2000  # characters of a value of the raw metadata
MOST = 300  # keys of them


def panel(said: Sequence[Finding], metadata: Mapping[str, str]) -> Markup:
    """The findings, the gravest first, and the metadata as they are in the file."""
    return render(
        "ui/metadata.html.j2",
        title=METADATA_LEAK,
        silent=SILENT,
        gravity=GRAVITY,
        said=said,
        grave=any(finding.severity == "high" for finding in said),
        raw=[(excerpt(key), value[:SHOWN]) for key, value in islice(metadata.items(), MOST)],
        more=max(0, len(metadata) - MOST),
    )
