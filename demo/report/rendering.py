"""The one place where HTML is made: Jinja2 templates, which escape every text by themselves.

A package keeps its templates in a folder of its own: "sweep/table.html.j2" is demo/sweep/templates/table.html.j2.
What a template gets counts as text. Only our own charts and what another template made are Markup.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from demo.origin import all_drawn
from demo.report.figures import data_uri, interval, mean, number

PACKAGES = Path(__file__).parents[1]


def template_path(name: str) -> Path:
    """Where the template ``package/file`` lies; whatever folder the app was started from."""
    package, _, file = name.partition("/")
    return PACKAGES / package / "templates" / file


def render(name: str, **values: object) -> Markup:
    """A template with its values filled in.

    Args:
        name: package and file, such as "report/page.html.j2".
        values: all that the template names; one that is missing is an error.
    """
    return Markup(_ENVIRONMENT.get_template(name).render(values))


def call(name: str, macro: str, *values: object) -> Markup:
    """What a macro of a template makes of the values."""
    return Markup(getattr(_ENVIRONMENT.get_template(name).module, macro)(*values))


def _source(name: str) -> tuple[str, str, None] | None:
    path = template_path(name)
    return (path.read_text(encoding="utf-8"), str(path), None) if path.is_file() else None


def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(data_uri=data_uri, drawn=all_drawn, number=number, mean=mean, interval=interval)
    return made


_ENVIRONMENT = _environment()
