"""Kinds of files that are no plain LoRA of Stable Diffusion 1.x or 2.x, told by the names of their tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable

from demo.lora.peft_settings import PLAIN

OTHER_BASE = "Use a LoRA for the base model that is chosen here."
CONVERT = "Convert it to diffusers' or kohya's layout first, with the library that wrote it."

NUMBERED = re.compile(r"^(?P<part>\w+):\d+:(up|down)$")  # cloneofsimo's lora_diffusion

# The first that matches says what the file is. Each: a pattern searched in a key, what it is, what to do.
KINDS: tuple[tuple[str, str, str], ...] = (
    (
        NUMBERED.pattern,
        "a LoRA in the layout of cloneofsimo's lora_diffusion. It numbers its layers (unet:0:up) in the order in which "
        "the installed library of its time built the model, so that they cannot be told apart surely",
        CONVERT,
    ),
    (r"hada_", "a LoHa (LyCORIS), which is no plain LoRA", PLAIN),
    (r"lokr_", "a LoKr (LyCORIS), which is no plain LoRA", PLAIN),
    (r"\.[ab][12]\.weight$", "a GLoRA (LyCORIS), which is no plain LoRA", PLAIN),
    (r"lora_mid\.", "a LoCon with a Tucker decomposition (LyCORIS), which is no plain LoRA", PLAIN),
    (r"\.diff(_b)?$", "a LyCORIS with whole differences of weights, which is no plain LoRA", PLAIN),
    (r"\.[wb]_norm$", "a LyCORIS with trained normalisation layers, which is no plain LoRA", PLAIN),
    (r"\.on_input$|ia3_l", "an (IA)3, which is no plain LoRA", PLAIN),
    (r"vera_lambda", "a VeRA, which is no plain LoRA", PLAIN),
    (r"oft_blocks|\.oft_|boft_", "an OFT adapter, which is no plain LoRA", PLAIN),
    (r"\.lora_E(\.|$)", "an AdaLoRA, which is no plain LoRA", PLAIN),
    (r"lora_velora_", "a VeLoRA, a LoRA with tensors of its training besides", PLAIN),
    (r"dora_scale|magnitude", "a DoRA, a LoRA with magnitudes besides", PLAIN),
    (r"lora_controlnet", "a Control-LoRA", PLAIN),
    (r"motion_modules\.", "a LoRA of motion (AnimateDiff)", OTHER_BASE),
    (r"^lora_prior_", "a LoRA for Stable Cascade", OTHER_BASE),
    (
        r"^text_encoder_[23]\.|^lora_te[23]_|^(text_encoders\.)?(clip_g|t5\w*)\.",
        "a LoRA for SDXL or later (two text encoders)",
        OTHER_BASE,
    ),
    (r"add_embedding|label_emb", "a LoRA for SDXL (with conditioning on the picture's size)", OTHER_BASE),
    (r"joint_blocks|joint_transformer_blocks", "a LoRA for a transformer (SD 3)", OTHER_BASE),
    (
        r"double_blocks|single_blocks|single_transformer_blocks",
        "a LoRA for a transformer (Flux, HunyuanVideo and others that are built like them)",
        OTHER_BASE,
    ),
    (
        r"^(base_model\.model\.|diffusion_model\.|transformer\.|lora_unet_)*blocks[._]\d+[._]"
        r"(self_attn|cross_attn|ffn)[._]",
        "a LoRA for a video transformer (Wan and others that are built like it)",
        OTHER_BASE,
    ),
    (
        r"^(base_model\.model\.|diffusion_model\.|lora_unet_)+(transformer_blocks|layers|blocks)[._]\d",
        "a LoRA for a transformer, not for the U-Net of Stable Diffusion",
        OTHER_BASE,
    ),
    (
        r"^(base_model\.model\.)?(model|transformer)\.(layers|h)\.\d+\.",
        "a LoRA for a language model",
        OTHER_BASE,
    ),
    (r"^(lora_)?transformer[._]", "a LoRA for a transformer (SD 3, Flux and later ones)", OTHER_BASE),
    (r"lora_embedding_|lora_[AB](\..+)?\.bias$|modules_to_save", "a LoRA with biases or embeddings besides", PLAIN),
)
EMBEDDING = re.compile(r"^bundle_emb\.|^emb_params$|string_to_param|^<.*>$|^clip_[gl]$")
MODEL = re.compile(r"^(model\.diffusion_model|first_stage_model|cond_stage_model)\.")


def named(keys: Iterable[str]) -> tuple[str, str] | None:
    """What a file with tensors of these names is, to stand behind "is", and what to do; None where nothing shows."""
    keys = list(keys)
    for pattern, what, remedy in KINDS:
        if any(re.search(pattern, key) for key in keys):
            return what, remedy
    matrices = any("lora_" in key or ".lora." in key or "_lora." in key for key in keys)
    if any(map(EMBEDDING.search, keys)):
        return f"a {'LoRA with a textual inversion besides' if matrices else 'textual inversion, not a LoRA'}", PLAIN
    if not matrices and any(map(MODEL.search, keys)):
        return "a whole model, not a LoRA", PLAIN
    return None
