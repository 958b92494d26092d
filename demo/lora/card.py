"""The model card that goes with a released LoRA: what is in the file, and what it can give away."""

from __future__ import annotations

import json
import re

from demo.errors import SettingsError
from demo.lora.describe import TOTAL, describe
from demo.lora.files import LoraWeights

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")

CARD = """---
library_name: diffusers
{base_model}tags:
- lora
- dreambooth
- text-to-image
---

# A LoRA of one person

Low-rank updates of {layers} layers of {base} ({parts}), rank {ranks}, {numbers} numbers.
The file's header holds ranks, alphas and layer names only. Licence of the base model: {licence}.

## What this file can leak

The photos are not in the file. Its weights were fitted to them, and that is enough to
leave traces that no metadata cleaner removes. Somebody who has this file and the public base model,
but neither the photos nor the prompts used in training, may be able to:

- **reconstruct the person's face**: a pretrained weight encoder turns the matrices into a likeness
  that a face recogniser may match with the person;
- **confirm who was in the training set**, by testing candidate photos against the weights;
- **estimate how many photos were used**, from the singular values of the updates;
- **generate new pictures of the person**, in any scene, when the word that calls them is found or replaced.
{text_encoder}
Neither a small rank, nor few training steps, nor rounding or pruning the weights afterwards is a proven protection:
measure before relying on one.

## Before sharing it

- Share it only with the informed consent of the person shown, who should know the list above.
- Do not publish the photos, the prompts or the trigger word with it.
- Treat it like the photos themselves: a file that was public once cannot be taken back.

## Use

```python
from diffusers import StableDiffusionPipeline

base = {source}
pipe = StableDiffusionPipeline.from_pretrained(base)
pipe.load_lora_weights(".", weight_name={file_name}, use_safetensors=True)
```

Read more: Risks When Sharing LoRA Fine-Tuned Diffusion Model Weights.
"""
TEXT_ENCODER = """
The file also adapts the text encoder, whose updates were fitted to the words of the prompts.
"""


def model_card(lora: LoraWeights, *, base: str, licence: str, hub_id: str | None = None, file_name: str) -> str:
    """Markdown with the Hub's front matter. It cannot name trigger, prompt or paths: it is never given them.

    Args:
        base: the base model's title.
        licence: the base model's licence.
        hub_id: its id on the Hub ("owner/name"), None for a base that is not there.
        file_name: the LoRA file's base name.

    Raises:
        SettingsError: a path where a title, an id or a base name belongs.
    """
    if "/" in base or "\\" in base:
        raise SettingsError("The base model's title is a path.", "Give its title, such as Stable Diffusion 1.4.")
    if hub_id is not None and not HUB_ID.fullmatch(hub_id):
        raise SettingsError("The base model's id is not of the form owner/name.", "Give None for a local base.")
    if not re.fullmatch(r"[\w][\w.-]*\.safetensors", file_name):
        raise SettingsError("The LoRA's file name is a path or no .safetensors name.", "Give its base name.")
    rows = describe(lora)
    modules = lora.modules()
    parts = [
        title for prefix, title in (("unet.", "U-Net"), ("text_encoder.", "text encoder")) if _any(modules, prefix)
    ]
    ranks = sorted({row.rank for row in rows if row.module != TOTAL})
    return CARD.format(
        base_model=f"base_model: {hub_id}\n" if hub_id else "",
        base=base,
        licence=licence,
        layers=len(modules),
        parts=" and ".join(parts),
        ranks=", ".join(map(str, ranks)),
        numbers=f"{rows[-1].numbers:,}",
        text_encoder=TEXT_ENCODER if _any(modules, "text_encoder.") else "",
        source=json.dumps(hub_id) if hub_id else '"..."  # the folder of the base model',
        file_name=json.dumps(file_name),
    )


def _any(modules: list[str], prefix: str) -> bool:
    return any(module.startswith(prefix) for module in modules)
