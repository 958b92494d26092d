"""Alphas of a file's layers: from its tensors first, then PEFT's settings, then the rest of the header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.lora.header_alphas import stated_alpha
from demo.lora.peft_settings import check_settings, module_alphas
from demo.lora.settings_file import PARTS, part_of


def file_alphas(
    name: str,
    ranks: Mapping[str, int],
    config: Mapping[str, Any],
    stored: Mapping[str, float],
    metadata: Mapping[str, str],
) -> tuple[dict[str, float], str]:
    """Alphas of the layers of which the file gives any, and why not of all, unless it gives none at all.

    Args:
        name: what errors call the file.
        ranks: canonical module -> rank.
        config: PEFT's settings, as :func:`demo.lora.settings_file.read_settings` gives them.
        stored: canonical module -> alpha, of those that are tensors.
        metadata: of the header.

    Raises:
        LoraFileError: the settings make it more than a plain LoRA, or contradict the tensors.
    """
    for part in PARTS:
        if any(module.startswith(part) for module in ranks):
            check_settings(name, part_of(config, part))
    alphas = dict(stored)
    for part in PARTS:
        inside = {m.removeprefix(part): r for m, r in ranks.items() if m.startswith(part) and m not in alphas}
        settings = part_of(config, part)
        if inside and settings:
            alphas |= {part + module: alpha for module, alpha in module_alphas(name, inside, settings).items()}
    said = stated_alpha(metadata)
    for module, rank in ranks.items():
        alpha = None if said is None or module in alphas else said.of(rank)
        if alpha is not None:
            alphas[module] = alpha
    lacking = len(ranks.keys() - alphas.keys())
    if not lacking or (not alphas and said is None):
        return alphas, ""
    if said is not None:
        doubt = f"The header gives an alpha for rank {said.rank:g} alone, and {lacking} of the {len(ranks)} layers"
        return alphas, f"{doubt} have another"
    return alphas, f"The file gives no alpha for {lacking} of its {len(ranks)} layers"
