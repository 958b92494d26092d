"""The one way from the core's exceptions to what a visitor reads."""

from __future__ import annotations

import logging

import gradio as gr

from demo.errors import DemoError, Stopped
from demo.texts.en import ENGLISH
from demo.texts.errors import said
from demo.texts.language import Language
from demo.ui.components.pictures import piece
from demo.workflow.jobs import UnexpectedError

READING_S = 20.0  # seconds that a message stays

log = logging.getLogger(__name__)


def shown(error: Exception, language: Language = ENGLISH) -> gr.Error:
    """The message for a visitor: problem and remedy of a known error, nothing of the inside of another.

    Messages may hold file names, and Gradio renders messages as HTML, so they are escaped.
    """
    if isinstance(error, Stopped):
        title = language.say("errors.stopped.title")
        return gr.Error(language.say("errors.stopped"), title=title, duration=READING_S, print_exception=False)
    if not isinstance(error, DemoError):
        log.error("A handler failed.", exc_info=error)
        error = UnexpectedError()
    title = language.say("errors.title")
    return gr.Error(text(error, language), title=title, duration=READING_S, print_exception=False)


def text(error: DemoError, language: Language = ENGLISH) -> str:
    """Problem and remedy as HTML."""
    return lines(said(error, language))


def warn(problem: str) -> None:
    """Tell the visitor of something that did not stop the rest."""
    gr.Warning(lines(problem), duration=READING_S)


def lines(words: str) -> str:
    """Words as HTML, line by line."""
    return str(piece("lines", words.split("\n")))
