"""Texts of the stage for the browser, which puts them into its own language when it draws the page.

What Gradio's page can do (6.31): it translates ``label``, ``info``, ``placeholder``, ``title`` and ``value`` of every
component and layout, the labels of choices among them, at the start and in updates; not the title of the page, and no
message (``gr.Info``, ``gr.Warning``, ``gr.Error``). Of one string it translates the first key only, so that no piece of
HTML may be put together from several. It puts texts in as they are: HTML and Markdown are kept in ``gr.HTML`` and
``gr.Markdown``.

Of the browser's languages it looks at the first alone, and of Chinese it knows ``zh-CN`` and ``zh-TW`` but neither
``zh`` nor ``zh-HK``: these browsers would read English. The server takes the first language that there is
(:func:`demo.texts.languages.choose_language`). :data:`HEAD`, for the page's head, has the browser do so too, lest a
page speak two languages. It calls a part of Gradio that is not public; where that has gone, Gradio's own choice stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import gradio as gr
from gradio.i18n import I18nData

from demo.photos.formats import FORMATS
from demo.photos.split import LEAST_PHOTOS, MOST_PHOTOS
from demo.session.visitors import CLOSED_S, IDLE_S
from demo.texts.en import ENGLISH
from demo.texts.language import Language, fields_of
from demo.texts.languages import LANGUAGES

PREFIXES = ("stage.", "consent.", "mode.")
# Fields that are known when the app starts, so that the browser need not fill them.
KNOWN: Mapping[str, Mapping[str, int | str]] = {
    "consent.upload": {"closed": CLOSED_S // 60, "idle": IDLE_S // 60},
    "consent.photos": {"least": LEAST_PHOTOS, "most": MOST_PHOTOS},
    "stage.photo.formats": {"formats": ", ".join(known.title for known in FORMATS)},
}


def texts(language: Language) -> dict[str, str]:
    """All that the browser can say in a language: what has no field, or only known ones."""
    return {
        key: language.say(key, **{name: _words(value, language) for name, value in KNOWN.get(key, {}).items()})
        for key, template in ENGLISH.texts.items()
        if key.startswith(PREFIXES) and fields_of(template) == KNOWN.get(key, {}).keys()
    }


def _words(value: int | str, language: Language) -> str:
    return value if isinstance(value, str) else language.fixed(value, 0)


_CODES = {key: key for key in LANGUAGES} | {"zh": "zh-CN"}  # what Gradio's page calls them; its zh-CN falls back to zh
HEAD = f"""<script>(() => {{
  const ours = {json.dumps(_CODES)};
  const code = (navigator.languages || []).map((tag) => ours[tag.split("-")[0].toLowerCase()]).find((found) => found);
  const core = performance.getEntriesByType("resource").find((entry) => /\\/core-[^/]*\\.js$/.test(entry.name));
  if (code && core) import(core.name).then((page) => page.changeLocale?.(code)).catch(() => {{}});
}})();</script>
"""

I18N = gr.I18n(**{key: texts(language) for key, language in LANGUAGES.items()})


def t(key: str) -> I18nData:
    """A text in the browser's language, for any place where a component takes a string.

    Raises:
        KeyError: there is no such text, or it has fields; then a handler says it with :meth:`Language.say`.
    """
    if key not in I18N.translations[ENGLISH.key]:
        raise KeyError(key)
    return I18N(key)
