"""The registry of attacks on membership: a new one is one file and one line in :data:`MEMBERSHIP`.

Each sees the model, pictures and the text that they are asked for with, and gives every picture a score: LOW means
member. None knows who was one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from demo.settings import registered
from demo.shake.attacks.clid import ClidSettings, clid
from demo.shake.attacks.denoising_loss import LossSettings, denoising_loss
from demo.shake.attacks.membership_base import MembershipSettings
from demo.shake.attacks.secmi import SecmiSettings, secmi


@dataclass(frozen=True)
class MembershipAttack:
    """An attack and what to say of it."""

    title: str
    source: str
    explanation: str
    settings: type[MembershipSettings]
    run: Callable[..., Tensor]  # pipe, latents, embedding, settings, batch=, watcher=


MEMBERSHIP: dict[str, MembershipAttack] = {
    "clid": MembershipAttack(
        "CLiD",
        "Zhai et al., NeurIPS 2024",
        "How much the person's name helps the model to denoise the picture.",
        ClidSettings,
        clid,
    ),
    "secmi": MembershipAttack(
        "SecMI",
        "Duan et al., ICML 2023",
        "How far a deterministic step forth and back leads away: the attack of Shake-to-Leak.",
        SecmiSettings,
        secmi,
    ),
    "loss": MembershipAttack(
        "Loss",
        "Yeom et al., 2018; Matsumoto et al., 2023",
        "How well the model denoises the picture.",
        LossSettings,
        denoising_loss,
    ),
}


def find_membership(key: str) -> MembershipAttack:
    """The attack called ``key``.

    Raises:
        SettingsError: there is none of that name.
    """
    return registered("membership attack", key, MEMBERSHIP)
