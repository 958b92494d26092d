"""Words that stand as keys with numbers, in tables of kohya's that no reader knows: captions, with how often each."""

from __future__ import annotations

import re

from demo.lora.metadata import defaults
from demo.lora.metadata.leaves import Leaf
from demo.lora.metadata.photo_folders import READ_KEYS
from demo.lora.metadata.rules import PHOTO_SETS, normal
from demo.lora.metadata.said import Said, word_set

CAPTIONS = re.compile(r"tag|caption|word|token(?!iz)|prompt")
# Tables whose keys are names of options, whatever they are.
OPTIONS = re.compile(r"_(?:args|kwargs|options|config|params)$")
# Settings inside the tables of sd-scripts and musubi-tuner, besides those of whole keys.
SETTINGS = word_set("""
    buckets count counts mean_img_ar_error img_count image_count num_repeats n_repeats repeats is_reg is_dreambooth
    batch_size num_reg_images color_aug flip_aug alpha_mask recursive cache_info network_multiplier has_control
    subsets tag_frequency datasets general frame_stride frame_sample max_frames target_frames source_fps
    fp_latent_window_size fp_1f_clean_indices fp_1f_target_index fp_1f_no_post control_resolution multiple_target
    no_resize_control qwen_image_edit_no_resize_control qwen_image_edit_control_resolution
    flux_kontext_no_resize_control video_length frame_count num_frames fps width height enable_wildcard
    custom_attributes apply_loss_mask masked_loss
""")
ANY_LETTER = re.compile(r"[^\W\d_]")


def is_counted(key: str, leaf: Leaf) -> bool:
    """Whether a leaf is a number under a word that is no setting, in one of kohya's tables."""
    low = key.lower()
    value = leaf.value
    if leaf.key or value is None or not low.startswith("ss_") or OPTIONS.search(low) or len(leaf.way) < 2:
        return False
    if low in PHOTO_SETS and (low != "ss_datasets" or "tag_frequency" in leaf.way or isinstance(value, bool)):
        return False  # read elsewhere
    if isinstance(value, str) and not defaults.plain(value):
        return False
    words = [part for part in leaf.way[1:] if ANY_LETTER.search(part)]
    if CAPTIONS.search(low):
        return bool(words)
    return any(not _setting(part) for part in words)


def counted(key: str, line: str) -> Said:
    """One line of such words with their numbers."""
    why = "Words as keys, with a number each: as captions are counted; the trigger word is often among them."
    captions = CAPTIONS.search(key.lower()) is not None
    what = "Words of the captions" if captions else "Words with numbers"
    return Said("tags", what, key, line, why, "high" if captions else "medium")


def _setting(part: str) -> bool:
    name = normal(part)
    return name in SETTINGS or name in READ_KEYS or defaults.setting(name)
