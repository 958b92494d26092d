"""Which metadata keys give away what, and what is looked for in every value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Severity = Literal["high", "medium", "low"]  # names the person or calls them up; helps to find or attack; the rest

OWN = {"format", "lora_adapter_metadata"}  # what diffusers' readers need
SETTINGS = ("ss_", "modelspec.")  # prefixes of tools whose other keys are settings


@dataclass(frozen=True)
class Rule:
    """What one of ``keys`` says."""

    kind: str
    what: str
    why: str
    severity: Severity
    keys: frozenset[str]  # lower case
    read: Callable[[str], str] | None = None  # makes a value readable


@dataclass(frozen=True)
class Search:
    """What a pattern finds in any value."""

    kind: str
    what: str
    why: str
    severity: Severity
    pattern: re.Pattern[str]
    group: int = 0  # what of a hit is shown


def moment(value: str) -> str:
    """Seconds since 1970 as a date; other texts as they are."""
    try:
        return f"{datetime.fromtimestamp(float(value), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return value


def photo(value: str) -> str:
    """A picture's kind and size in place of its characters."""
    return f"{value[:30]}…, {len(value):,} characters"


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULES = (
    Rule(
        "set",
        "Photos",
        "Read by demo.lora.metadata.photo_sets.",
        "high",
        _keys("ss_tag_frequency ss_dataset_dirs ss_reg_dataset_dirs ss_datasets ss_num_train_images"),
    ),
    Rule(
        "trigger",
        "Trigger word",
        "Whoever types it draws the person.",
        "high",
        _keys(
            "modelspec.trigger_phrase modelspec.usage_hint trigger trigger_word trigger_words trigger_phrase "
            "instance_prompt instance_token activation_text class_tokens token_string"
        ),
    ),
    Rule(
        "caption",
        "Captions and prompts",
        "They describe the photos in words.",
        "high",
        _keys("caption captions prompt prompts sample_prompts validation_prompt modelspec.description description"),
    ),
    Rule(
        "comment",
        "A comment",
        "Free text of the person who trained the file.",
        "high",
        _keys("ss_training_comment comment comments notes ss_notes modelspec.comment modelspec.tags tags"),
    ),
    Rule(
        "author",
        "Who made the file",
        "A name, or an account that leads to one.",
        "high",
        _keys("modelspec.author author creator user username owner modelspec.merged_from"),
    ),
    Rule(
        "name",
        "The name that the maker gave it",
        "Often the name of the person shown.",
        "high",
        _keys("ss_output_name modelspec.title title name project_name output_name"),
    ),
    Rule(
        "picture",
        "A picture inside the file",
        "A preview, usually one of the person.",
        "high",
        _keys("modelspec.thumbnail thumbnail ssmd_cover_images"),
        photo,
    ),
    Rule(
        "date",
        "When it was trained",
        "Ties the file to a place in somebody's day, and to other files.",
        "medium",
        _keys("ss_training_started_at ss_training_finished_at modelspec.date date created created_at"),
        moment,
    ),
    Rule(
        "seed",
        "Seed or session of the run",
        "Whoever guesses the settings can repeat the run's random choices; a session ties files together.",
        "medium",
        _keys("ss_seed seed ss_session_id session_id"),
    ),
    Rule(
        "base",
        "The base model",
        "The public model that an attack starts from.",
        "medium",
        _keys(
            "ss_sd_model_name ss_sd_model_hash ss_new_sd_model_hash ss_vae_name ss_vae_hash ss_new_vae_hash "
            "ss_base_model_version modelspec.architecture base_model base_model_name_or_path sd_version"
        ),
    ),
    Rule(
        "hash",
        "A hash",
        "Finds copies of the file, and the pages that it is on.",
        "low",
        _keys("sshs_model_hash sshs_legacy_hash modelspec.hash_sha256 ss_sd_scripts_commit_hash"),
    ),
)

# Each pattern takes time that is linear in the text: the text is a stranger's.
SEARCHES = (
    Search(
        "user",
        "A user's name, from a path",
        "The name of an account on the machine that trained the file.",
        "high",
        re.compile(r"(?:/home|[/\\]Users|Documents and Settings)[/\\]{1,4}([^/\\\s\"'<>|:*?,;]{1,64})"),
        1,
    ),
    Search(
        "path",
        "A path",
        "Folders of the machine that trained the file; their names tell of people and projects.",
        "medium",
        re.compile(
            r"(?<![A-Za-z0-9])[A-Za-z]:[/\\]{1,4}[^\"'<>|*?\r\n]{1,200}"
            r"|(?<![\w/.:])/(?:home|Users|root|mnt|media|content|workspace|data|srv|opt|var|tmp|kaggle)/[^\s\"'<>]{1,200}"
        ),
    ),
    Search(
        "mail",
        "An e-mail address",
        "Leads to a person.",
        "high",
        re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}"),
    ),
    Search(
        "token",
        "An access token",
        "Whoever has it can act as its owner: revoke it.",
        "high",
        re.compile(r"(?<![A-Za-z0-9])(?:hf_|ghp_|sk-)[A-Za-z0-9_-]{16,100}|(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ),
    Search(
        "link",
        "A link",
        "Leads to an account, a data set or a page about the file.",
        "medium",
        re.compile(r"https?://[^\s\"'<>\\]{1,200}"),
    ),
    Search(
        "picture",
        "A picture inside the file",
        "A preview, usually one of the person.",
        "high",
        re.compile(r"data:image/[a-z+]{1,12}"),
    ),
)
