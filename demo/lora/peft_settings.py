"""PEFT's settings (LoraConfig) beside or in a LoRA file: which ones leave it a plain LoRA, and the alphas they give.

An allow-list, compared as PEFT 0.21 compares (tuners/lora/config.py, layer.py and variants.py): what is not known
here is named and refused, for to draw from a file that means something else is silent noise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from demo.errors import LoraFileError
from demo.lora.header import shown

PLAIN = "Train or export it as a plain LoRA: one A and one B matrix for each adapted layer."
LAYOUT = "Export it in diffusers' layout (keys such as unet.….lora_A.weight), or use a LoRA that the demo made."
CONVERT = "Convert it to a plain LoRA first (PEFT: path_initial_model_for_weight_conversion)."

# What they are set to changes nothing in what alpha / rank * B A does to a linear layer or a 1 x 1 convolution.
HARMLESS = {
    *("task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode"),
    *("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "runtime_config"),
    *("lora_dropout", "megatron_core", "qalora_group_size"),
    "fan_in_fan_out",  # PEFT ignores it for such layers
    *("eva_config", "corda_config", "loftq_config", "lora_ga_config"),  # read only for init_lora_weights of that name
}
READ = {"peft_type", "init_lora_weights", "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora"}

# What must be as if it were not set, and what the LoRA would be otherwise.
OTHERWISE = {
    "use_dora": "a DoRA, a LoRA with magnitudes besides",
    "use_qalora": "a QA-LoRA",
    "lora_bias": "a LoRA with biases",
    "modules_to_save": "a LoRA with whole layers besides (modules_to_save)",
    "trainable_token_indices": "a LoRA with embeddings of tokens besides",
    "target_parameters": "a LoRA of bare parameters",
    "ensure_weight_tying": "a LoRA with tied layers",
    "layer_replication": "a LoRA of a model some of whose layers are repeated (layer_replication)",
}
# As those, but PEFT asks whether they are None, so that an empty table sets them, too.
OTHERWISE_IF_GIVEN = {
    "alora_invocation_tokens": "an aLoRA (alora_invocation_tokens), which acts on a part of the text alone",
    "velora_config": "a VeLoRA",
    "monteclora_config": "a MonteCLoRA, whose matrices vary at random",
    "use_bdlora": "a BD-LoRA, with matrices in blocks",
    "arrow_config": "one of several LoRAs for Arrow, which chooses among them",
    "kasa_config": "a KaSA, which changes the base's weights",
    "megatron_config": "a LoRA of Megatron's parallel layers",
}
KNOWN = HARMLESS | READ | OTHERWISE.keys() | OTHERWISE_IF_GIVEN.keys() | {"bias"}
# Ways to begin (init_lora_weights) that take their matrices off the base's weights; the base in the file's owner's
# hands is another one than the public base.
CHANGED_BASE = re.compile(r"pissa.*|corda.*|olora|loftq|lora_ga", re.DOTALL)


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse what does not leave the file a plain LoRA.

    Args:
        name: what errors call the file.
        settings: LoraConfig's table of one component.

    Raises:
        LoraFileError: a setting changes what the matrices mean, or is not known.
    """
    kind = settings.get("peft_type")
    if kind not in (None, "") and str(kind).upper().removeprefix("PEFTTYPE.") != "LORA":
        raise LoraFileError(f"The settings of {name} say that it is of PEFT's type {shown(str(kind), 40)}.", PLAIN)
    _check_beginning(name, settings.get("init_lora_weights"))
    for key, what in OTHERWISE.items():
        if settings.get(key):
            raise LoraFileError(f"The settings of {name} say that it is {what}.", PLAIN)
    for key, what in OTHERWISE_IF_GIVEN.items():
        if settings.get(key) is not None:
            raise LoraFileError(f"The settings of {name} say that it is {what}.", PLAIN)
    if settings.get("bias") not in (None, "", "none"):
        raise LoraFileError(f"The settings of {name} say that it is a LoRA with the base's biases (bias).", PLAIN)
    unknown = sorted(shown(key, 40) for key, value in settings.items() if key not in KNOWN and value)
    if unknown:
        raise LoraFileError(
            f"The settings of {name} set {', '.join(unknown[:3])}, of which it is not known here whether they leave it "
            "a plain LoRA.",
            PLAIN,
        )


def module_alphas(name: str, ranks: Mapping[str, int], settings: Mapping[str, Any]) -> dict[str, float]:
    """Alphas of one component's modules by PEFT's rules, such that scale = alpha / rank.

    Args:
        name: what errors call the file.
        ranks: module path within the component -> rank.
        settings: LoraConfig's table of this component, checked by :func:`check_settings`.

    Raises:
        LoraFileError: the settings contradict the tensors.
    """
    stated_ranks = _lookup(name, settings, "r", "rank_pattern", ranks)
    stated_alphas = _lookup(name, settings, "lora_alpha", "alpha_pattern", ranks)
    for module, rank in ranks.items():
        if stated_ranks.get(module, rank) != rank:
            raise LoraFileError(
                f"The settings of {name} say rank {stated_ranks[module]:g} for {module}, whose matrices have {rank}.",
                LAYOUT,
            )
        if module not in stated_alphas:
            raise LoraFileError(f"The settings of {name} give no alpha for {module}.", LAYOUT)
    # Rank-stabilised LoRA scales by alpha / sqrt(rank).
    stable = bool(settings.get("use_rslora"))
    return {module: stated_alphas[module] * (rank**0.5 if stable else 1) for module, rank in ranks.items()}


def module_config(ranks: Mapping[str, int], alphas: Mapping[str, float]) -> dict[str, Any]:
    """The inverse of :func:`module_alphas`: LoraConfig's table for one component, and no more of it than needed."""
    rank = Counter(ranks.values()).most_common(1)[0][0]
    alpha = Counter(alphas.values()).most_common(1)[0][0]
    return {
        "r": rank,
        "lora_alpha": _number(alpha),
        "rank_pattern": {f"^{module}": r for module, r in ranks.items() if r != rank},
        "alpha_pattern": {f"^{module}": _number(a) for module, a in alphas.items() if a != alpha},
        "target_modules": sorted(ranks),
    }


def _check_beginning(name: str, way: Any) -> None:
    """init_lora_weights: allowed are the ways after which the base's weights are what they were."""
    if way is None or way is True or way is False:
        return
    text = way if isinstance(way, str) else repr(way)
    # MiCA reads the base's weights, but leaves them, and begins with A = 0. PEFT compares these two in lower case.
    if text in {"", "eva", "orthogonal"} or text.lower() in {"gaussian", "mica"}:
        return
    if CHANGED_BASE.fullmatch(text.lower()):
        raise LoraFileError(
            f"The settings of {name} say that it was begun with {shown(text, 40)}: it belongs to a base whose weights "
            "were changed with it.",
            CONVERT,
        )
    raise LoraFileError(
        f"The settings of {name} say that it was begun with {shown(text, 40)} (init_lora_weights), of which it is not "
        "known here whether it leaves the base as it is.",
        CONVERT,
    )


def _lookup(
    name: str, settings: Mapping[str, Any], default: str, table: str, modules: Iterable[str]
) -> dict[str, float]:
    """PEFT's look-up: the first key of ``table`` that is a module's path or its end, else ``settings[default]``.

    PEFT runs the keys as regular expressions. Those of an unknown file are compared, never run.
    """
    patterns = settings.get(table) or {}
    if not isinstance(patterns, dict):
        raise LoraFileError(f"The settings of {name} give {table} in an unknown form.", LAYOUT)
    endings: dict[str, tuple[int, float]] = {}
    for order, (key, value) in enumerate(patterns.items()):
        ending = key.replace("\\.", ".").replace("text_model.", "").removesuffix("$")
        if not re.fullmatch(r"\^?[\w.]+", ending):
            raise LoraFileError(f"The settings of {name} select layers by an expression.", LAYOUT)
        endings.setdefault(ending, (order, _finite(name, value)))
    common = _finite(name, settings[default]) if default in settings else None
    found: dict[str, float] = {}
    for module in modules:
        steps = module.split(".")
        candidates = [f"^{module}", *(".".join(steps[i:]) for i in range(len(steps)))]
        hits = [endings[candidate] for candidate in candidates if candidate in endings]
        if hits:
            found[module] = min(hits)[1]
        elif common is not None:
            found[module] = common
    return found


def _finite(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise LoraFileError(f"The settings of {name} give a rank or alpha that is no sensible number.", LAYOUT)
    return float(value)


def _number(alpha: float) -> float | int:
    """A whole alpha as an integer, as LoraConfig declares it."""
    return int(alpha) if alpha.is_integer() and 0 < alpha < 2**31 else alpha
