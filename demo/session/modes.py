"""The modes of the app: for whom the page is. A new one is one entry of :data:`MODES`."""

from __future__ import annotations

from dataclasses import dataclass

from demo.session.limits import OFF, SPACE, Limits
from demo.settings import registered

ENVIRONMENT = "LORA_LEAK_MODE"


@dataclass(frozen=True)
class Mode:
    """What a page holds, and how it treats whoever sits before it.

    Attributes:
        stage: whether the three frames come first.
        lab: whether there are the tabs with every step and setting; beside a stage they are folded away.
        idle_s: seconds without a touch after which the visitor is wiped and the next one invited; None: never.
        offline: whether nothing is ever fetched.
        restarts: whether a process that dies is started again.
        classroom: whether each page is a pupil with a person and a defence, and there is a teacher's screen.
        address: what the app listens at, unless GRADIO_SERVER_NAME says so; empty: this machine alone.
        limits: how much a visitor may start, unless LORA_LEAK_LIMITS says otherwise.
    """

    key: str
    title: str
    stage: bool = True
    lab: bool = False
    idle_s: float | None = None
    offline: bool = False
    restarts: bool = False
    classroom: bool = False
    address: str = ""
    limits: Limits = OFF


MODES: dict[str, Mode] = {
    mode.key: mode
    for mode in (
        Mode("space", "for a public Space: the stage, and every setting below", lab=True, limits=SPACE),
        Mode(
            "booth",
            "for a stand: unattended, offline, wiped when nobody touches it",
            idle_s=60.0,
            offline=True,
            restarts=True,
        ),
        Mode(
            "class",
            "for a class: pupils join by a QR code, each with a person and a defence",
            classroom=True,
            address="0.0.0.0",  # pupils come over the LAN
        ),
        Mode("lab", "every step and setting, and no stage", stage=False, lab=True),
    )
}
DEFAULT = "space"


def find_mode(key: str) -> Mode:
    """The mode called ``key``.

    Raises:
        SettingsError: there is none of that name.
    """
    return registered("mode", key, MODES)
