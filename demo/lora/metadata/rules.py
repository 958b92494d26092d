"""Which metadata keys give away what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from demo.lora.metadata.defaults import plain
from demo.lora.metadata.said import Severity, word_set


@dataclass(frozen=True)
class Rule:
    """What one of ``keys`` says, or any key that ends in one of ``words``."""

    kind: str
    what: str
    why: str
    severity: Severity
    keys: frozenset[str]  # whole keys of the metadata, lower case
    words: frozenset[str] = frozenset()  # of any key anywhere, lower case with underscores
    read: Callable[[str], str] | None = None  # makes a value readable


def moment(value: str) -> str:
    """Seconds since 1970 as a date; other texts as they are."""
    try:
        return f"{datetime.fromtimestamp(float(value), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return value


def photo(value: str) -> str:
    """A picture's kind and size in place of its characters."""
    if value.lstrip().startswith("["):
        count = value.count('"') // 2
        return f"{count} picture{'' if count == 1 else 's'}, {len(value):,} characters"
    return f"{value[:30]}…, {len(value):,} characters" if len(value) > 30 else value


PHOTO_SETS = word_set(  # read by demo.lora.metadata.photo_sets
    "ss_tag_frequency ss_dataset_dirs ss_reg_dataset_dirs ss_val_dataset_dirs ss_datasets ss_num_train_images"
)
RULES = (
    Rule(
        "trigger",
        "Trigger word",
        "Whoever types it draws the person.",
        "high",
        word_set("modelspec.usage_hint"),
        word_set(
            "trigger triggers trigger_word trigger_words trigger_phrase trigger_phrases trigger_token trigger_tokens "
            "trigger_prompt activation_text activation_word activation_words activation_tag activation_tags keyword "
            "keywords instance_prompt instance_token instance_word instance_name class_tokens token_string "
            "placeholder placeholder_token placeholder_tokens placeholder_string new_token new_tokens learned_token "
            "modifier_token special_token special_tokens trained_word trained_words token_abstraction usage_hint "
            "concept_token concept_word identifier"
        ),
    ),
    Rule(
        "caption",
        "Captions and prompts",
        "They describe the photos in words, or what was drawn to see whether the person is met.",
        "high",
        frozenset(),
        word_set(
            "caption captions prompt prompts positive positive_prompt sample_prompts validation_prompt description "
            "summary about text texts caption_prefix caption_suffix initial_embedding_text readme"
        ),
    ),
    Rule(
        "words",
        "Words that the pictures must not show",
        "They tell little of the person.",
        "low",
        frozenset(),
        word_set("negative negative_prompt negative_prompts negative_text"),
    ),
    Rule(
        "class",
        "Class words",
        "What the photos show in general, not who.",
        "low",
        frozenset(),
        word_set("class_prompt class_word class_noun class_name class_token regularization_prompt reg_prompt"),
    ),
    Rule(
        "comment",
        "A comment",
        "Free text of the person who trained the file.",
        "high",
        word_set("ss_training_comment modelspec.comment modelspec.tags"),
        word_set("comment comments note notes remark remarks memo tags tag message changelog"),
    ),
    Rule(
        "author",
        "Who made the file",
        "A name, or an account that leads to one.",
        "high",
        word_set("modelspec.merged_from"),
        word_set(
            "author authors creator user username user_name user_id owner artist uploader maintainer contact email "
            "mail account credit credits made_by created_by trained_by person subject subject_name person_name "
            "full_name organization organisation company copyright entity team"
        ),
    ),
    Rule(
        "name",
        "The name that the maker gave it",
        "Often the name of the person shown.",
        "high",
        word_set("ss_output_name modelspec.title name ssmd_display_name modelspec.name"),
        word_set(
            "title output_name project_name project display_name run_name job_name experiment_name experiment "
            "lora_name lora_model_name character character_name concept concept_name model_title save_filename_prefix "
            "hub_model_id model_id run_id alias filename file_name subject_folder"
        ),
    ),
    Rule(
        "token",
        "An access token or password",
        "Whoever has it can act as its owner: revoke it.",
        "high",
        frozenset(),
        word_set(
            "password passwd secret secret_key api_key apikey access_token auth_token hf_token huggingface_token "
            "hub_token wandb_api_key private_key"
        ),
    ),
    Rule(
        "machine",
        "A machine",
        "The computer that trained the file, or one that it spoke to.",
        "medium",
        frozenset(),
        word_set("host hostname machine machine_name computer computer_name node_name ip ip_address server gpu_name"),
    ),
    Rule(
        "picture",
        "A picture inside the file",
        "A preview, usually one of the person.",
        "high",
        word_set("modelspec.thumbnail ssmd_cover_images"),
        word_set("thumbnail cover_image cover_images preview_image preview"),
        photo,
    ),
    Rule(
        "date",
        "When it was trained",
        "Ties the file to a place in somebody's day, and to other files.",
        "medium",
        word_set("ss_training_started_at ss_training_finished_at modelspec.date"),
        word_set(
            "date datetime created created_at updated_at timestamp started_at finished_at trained_at training_date"
        ),
        moment,
    ),
    Rule(
        "seed",
        "Seed or session of the run",
        "Whoever guesses the settings can repeat the run's random choices; a session ties files together.",
        "medium",
        word_set("ss_seed seed ss_session_id session_id"),
        word_set("session_id"),
    ),
    Rule(
        "base",
        "The base model",
        "The model that an attack starts from.",
        "medium",
        word_set("ss_sd_model_name ss_vae_name ss_dit_name ss_clip_name ss_t5_name ss_ae_name base_model"),
        word_set(
            "base_model base_model_name base_model_name_or_path pretrained_model_name_or_path model_name encoder1_name "
            "model_name_or_path ckpt_name unet_name vae_name clip_name pretrained_model encoder2_name name_or_path"
        ),
    ),
    Rule(
        "base",
        "The kind of the base model",
        "Many public models are of it.",
        "low",
        word_set("ss_base_model_version modelspec.architecture sd_version"),
        word_set("sd_version base_model_version architecture"),
    ),
    Rule(
        "base",
        "A hash of the base model",
        "Finds the model that an attack starts from, if it is public.",
        "low",
        word_set("ss_sd_model_hash ss_new_sd_model_hash ss_vae_hash ss_new_vae_hash"),
    ),
    Rule(
        "hash",
        "A hash",
        "Finds copies of the file, and the pages that it is on.",
        "low",
        word_set("sshs_model_hash sshs_legacy_hash modelspec.hash_sha256 ot_revision ss_sd_scripts_commit_hash"),
        word_set("hash sha256 model_hash legacy_hash hash_sha256 commit_hash autov2 autov3 blake3"),
    ),
)
EXACT = {key: rule for rule in RULES for key in rule.keys}
WORDS = {word: rule for rule in RULES for word in rule.words}
LONGEST = max(word.count("_") + 1 for word in WORDS)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
OTHER = re.compile(r"[^\w]+")
# Words of a key that ends like one of a person's and is a setting.
NO_RULE = word_set("keep_tags save_tags shuffle_tags caption_type prompt_source shuffle_caption save_caption")
PATH_WORDS = word_set("path paths dir dirs directory directories folder folders file files root destination")


@lru_cache(maxsize=4096)
def normal(key: str) -> str:
    """A key in lower case with underscores: ``trainedWords`` is ``trained_words``."""
    if key.isidentifier() and key.islower() and len(key) <= 200:
        return key.strip("_")
    return OTHER.sub("_", CAMEL.sub("_", key[-200:])).strip("_").lower()


def find_rule(key: str) -> Rule | None:
    """The rule for a key of the metadata."""
    return EXACT.get(key.lower()) or find_words(key)


@lru_cache(maxsize=4096)
def find_words(key: str) -> Rule | None:
    """The rule whose words a key ends in, the longest first."""
    name = normal(key)
    if name in NO_RULE:
        return None
    words = (name.rstrip("0123456789_") or name).split("_")  # "prompt_2" is another prompt
    for length in range(min(LONGEST, len(words)), 0, -1):
        rule = WORDS.get("_".join(words[-length:]))
        if rule is not None:
            return rule
    return None


def path_key(key: str) -> bool:
    """Whether a key says that its value is a file or folder."""
    name = normal(key)
    return name.rsplit("_", 1)[-1] in PATH_WORDS or name.endswith("file_name") or name == "workspace"


def fits(rule: Rule, key: str, text: str) -> bool:
    """Whether a rule's words hold for a value: a switch under ``shuffle_caption`` is no caption."""
    return key.lower() in rule.keys or not plain(text) or rule.kind in {"date", "hash", "seed"} or _exact(rule, key)


def _exact(rule: Rule, key: str) -> bool:
    return normal(key) in rule.words
