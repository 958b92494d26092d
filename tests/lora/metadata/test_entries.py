from __future__ import annotations

import json
from typing import Any

import pytest

from demo.lora.metadata.leak import Finding, scan_metadata


def scan(**values: Any) -> tuple[Finding, ...]:
    return scan_metadata({key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()})


def values(kind: str, found: tuple[Finding, ...]) -> set[str]:
    return {finding.value for finding in found if finding.kind == kind}


def config(**more: Any) -> dict[str, Any]:
    """A part of what OneTrainer writes, all of it its defaults."""
    own = {
        "training_method": "LORA",
        "workspace_dir": "workspace/run",
        "base_model_name": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "concept_file_name": "training_concepts/concepts.json",
        "learning_rate": 3e-6,
        "optimizer": {"optimizer": "ADAMW", "state_precision": "auto"},
        "embedding": {"placeholder": "<embedding>", "initial_embedding_text": "*"},
        "cloud": {"user": "root", "workspace_dir": "/workspace", "run_id": "job1", "name": "OneTrainer"},
        "text_encoder": {"model_name": "", "weight_dtype": "FLOAT_32"},
    }
    return own | more


def test_onetrainer_s_configuration_is_walked_to_its_leaves() -> None:
    concepts = [
        {"name": f"mia {n}", "path": f"/srv/mia/{n}", "text": {"prompt_path": f"D:\\mia\\{n}.txt"}} for n in range(9)
    ]
    found = scan(ot_config=config(concepts=concepts, samples=[{"prompt": "a photo of qux"}, {"prompt": "qux at sea"}]))
    assert values("path", found) == {f"/srv/mia/{n}" for n in range(9)} | {f"D:\\mia\\{n}.txt" for n in range(9)}
    assert values("name", found) == {f"mia {n}" for n in range(9)}
    assert values("caption", found) == {"a photo of qux", "qux at sea"}
    (one,) = [finding for finding in found if finding.value == "/srv/mia/4"]
    assert one.where == "ot_config.concepts.4.path"


def test_onetrainer_s_defaults_are_silent_and_what_is_chosen_is_said() -> None:
    assert {f.severity for f in scan(ot_config=config(), ot_branch="master", ot_revision="abc123")} == {"low"}
    found = scan(ot_config=config(workspace_dir="runs/mia", save_filename_prefix="qux"), ot_branch="mia-fork")
    assert values("path", found) == {"runs/mia"}
    assert values("name", found) == {"qux"}
    assert "mia-fork" in values("other", found)


def test_peft_s_defaults_are_silent_and_a_private_path_among_them_is_said() -> None:
    peft = {
        "unet.r": 4,
        "unet.task_type": None,
        "unet.peft_type": "LORA",
        "unet.peft_version": "0.21.2",
        "unet.base_model_name_or_path": None,
        "unet.revision": None,
        "unet.target_modules": ["to_q", "2", "encoder.layers.1.self_attn.q_proj"],
        "unet.megatron_core": "megatron.core",
        "unet.bias": "none",
        "unet.loftq_config": {},
    }
    assert scan(format="pt", lora_adapter_metadata=peft) == ()
    private = scan(lora_adapter_metadata=peft | {"unet.base_model_name_or_path": "/work/mia/sd"})
    assert values("path", private) == {"/work/mia/sd"}
    public = scan(lora_adapter_metadata=peft | {"unet.base_model_name_or_path": "runwayml/stable-diffusion-v1-5"})
    assert [(f.kind, f.severity) for f in public] == [("base", "low")]
    layers = scan(lora_adapter_metadata=peft | {"unet.target_modules": ["to_q", "mias_own"]})
    assert [(f.kind, f.value, f.severity) for f in layers] == [("settings", "unet.target_modules: mias_own", "low")]
    named = scan(lora_adapter_metadata=peft | {"unet.mystery": "of mia"})
    assert values("other", named) == {"unet.mystery: of mia"}


@pytest.mark.parametrize(
    "value", ["", "  ", "None", "none", "null", "{}", "[]", '{"a": {"b": [null, ""]}}', '""', "NaN"]
)
@pytest.mark.parametrize(
    "key", ["anything", "ss_output_name", "modelspec.title", "trigger_word", "ssmd_cover_images", "ot_config", "prompt"]
)
def test_what_was_emptied_says_nothing(key: str, value: str) -> None:
    assert scan_metadata({key: value}) == ()


@pytest.mark.parametrize(
    ("key", "value", "kind", "shown"),
    [
        ("ssmd_display_name", "Mia", "name", "Mia"),
        ("ssmd_author", "mia", "author", "mia"),
        ("ssmd_description", "my wife", "caption", "my wife"),
        ("ssmd_keywords", "qux", "trigger", "qux"),
        ("ssmd_tags", "wife, home", "comment", "wife, home"),
        ("ssmd_source", "https://example.org/mia", "link", "https://example.org/mia"),
        ("ssmd_version", "mia-2", "settings", "ssmd_version: mia-2"),
        ("modelspec.comment", "of mia", "comment", "of mia"),
        ("modelspec.usage_hint", "qux", "trigger", "qux"),
        ("modelspec.license", "ask mia", "other", "ask mia"),
        ("modelspec.merged_from", "mia.safetensors", "author", "mia.safetensors"),
        ("trainedWords", '["qux", "quux"]', "trigger", "quux"),
        ("civitai", '{"trainedWords": ["qux"]}', "trigger", "qux"),
        ("anything", '{"a": [{"b": {"activation text": "qux"}}]}', "trigger", "qux"),
        ("anything", '{"steps": 3, "instance-prompt": "qux at home"}', "trigger", "qux at home"),
        ("anything", '"{\\"author\\": \\"mia\\"}"', "author", "mia"),
        ("anything", '{"a": "{\\"prompt\\": \\"of qux\\"}"}', "caption", "of qux"),
        ("anything", "{'author': 'mia', 'x': None}", "author", "mia"),
        ("anything", '{"author": "bob", "author": "mia", "x": NaN}', "author", "bob"),
        ("anything", '{"mia": 3}', "other", "mia: 3"),
        ("anything", '{"hf_token": "secret-of-mia"}', "token", "secret-of-mia"),
        ("anything", '{"host": "mias-pc"}', "machine", "mias-pc"),
        ("anything", '{"output_dir": "mia-run"}', "path", "mia-run"),
        ("ss_mystery", "of mia", "other", "of mia"),
        ("ss_lr_scheduler", "mias_own", "settings", "mias_own"),
        ("<s1>", "<embed>", "trigger", "<s1>"),
        ("qux", "<embed>", "trigger", "qux"),
        ("/home/mia/x", "1", "user", "mia"),
        ("sample_prompts", '["of qux", "qux at sea"]', "caption", "qux at sea"),
    ],
)
def test_keys_of_all_tools_wherever_they_stand(key: str, value: str, kind: str, shown: str) -> None:
    assert shown in values(kind, scan_metadata({key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ss_network_module", "networks.lora"),
        ("ss_shuffle_caption", "True"),
        ("ss_mystery_switch", "False"),
        ("ss_resolution", "(512, 512)"),
        ("ss_bucket_info", '{"buckets": {"0": {"resolution": [512, 512], "count": 3}}}'),
        ("ss_sd_model_name", "v1-5-pruned-emaonly.safetensors"),
        ("modelspec.title", "LoRA@1690000000.25"),
        ("modelspec.implementation", "https://github.com/Stability-AI/generative-models"),
        ("modelspec.license", "CreativeML Open RAIL-M"),
        ("modelspec.resolution", "512x512"),
        ("ss_output_name", "last"),
        ("ssmd_rating", "0"),
        ("version", "1.0"),
        ("software", '{"name": "ai-toolkit", "repo": "https://github.com/ostris/ai-toolkit", "version": "0.1.0"}'),
        ("training_info", '{"step": 2000, "epoch": 3}'),
        ("unet", '["CrossAttention", "Attention", "GEGLU"]'),
        ("unet:0:rank", "4"),
        ("ot_config", '{"include_train_config": "ALL", "cloud": {"file_sync": "NATIVE_SCP", "on_finish": "NONE"}}'),
        ("ss_t5xxl_name", "t5xxl_fp16.safetensors"),
        ("ss_t5_name", "t5xxl_fp8_e4m3fn_scaled.safetensors"),
        ("ss_clip_name", "clip_l.safetensors"),
        ("ot_branch", "master"),
    ],
)
def test_what_trainers_write_by_themselves_is_no_alarm(key: str, value: str) -> None:
    assert {finding.severity for finding in scan_metadata({key: value})} <= {"low"}


def test_a_node_graph_gives_its_prompts_and_no_names_of_its_own() -> None:
    graph = {
        "3": {"class_type": "KSampler", "inputs": {"seed": 3, "sampler_name": "euler"}, "_meta": {"title": "KSampler"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a photo of qux"}, "_meta": {"title": "Prompt"}},
    }
    nodes = {"nodes": [{"type": "CLIPTextEncode", "inputs": [{"name": "clip"}], "widgets_values": ["qux at sea"]}]}
    found = scan(prompt=graph, workflow=nodes)
    assert values("caption", found) == {"a photo of qux", "qux at sea"}
    assert {f.kind for f in found if f.severity != "low"} == {"caption"}


def test_cover_pictures_are_counted_and_not_shown() -> None:
    blob = "iVBORw0KGgo" + "A" * 5000
    (cover,) = scan(ssmd_cover_images=[blob, blob])
    assert cover.value == f"2 pictures, {len(json.dumps([blob, blob])):,} characters"
    (other,) = [f for f in scan(anything={"image": blob}) if f.kind == "picture"]
    assert other.value.endswith("5,011 characters")


def test_values_that_no_rule_knows_share_lines_and_none_is_lost() -> None:
    table = {f"key {n}": f"word{n} and more" for n in range(60)}
    lines = [f.value for f in scan(anything=table) if f.kind == "other"]
    assert len(lines) < 20
    assert all(any(f"key {n}: word{n} and more" in line for line in lines) for n in range(60))


def test_each_value_is_said_once_with_all_its_places() -> None:
    (name,) = [f for f in scan(ot_config=config(concepts=[{"name": "mia"}] * 9)) if f.kind == "name"]
    assert name.where.startswith("ot_config.concepts.0.name, ")
    assert name.where.endswith("and 4 more")


def test_the_places_of_a_finding_fit_a_line() -> None:
    found = scan(ot_config={f"a very long name of a key, number {n}": {"x" * 150: "/srv/mia/x"} for n in range(9)})
    (path,) = [finding for finding in found if finding.kind == "path"]
    assert len(path.where) < 450
    assert path.where.endswith(" more")


def test_settings_that_all_parts_share_are_said_once() -> None:
    parts = {f"part_{n}": {"weight_dtype": "FLOAT_8"} for n in range(30)}
    assert values("settings", scan(ot_config=parts)) == {"weight_dtype: FLOAT_8", "ot_config"}


def test_numbered_keys_are_those_without_a_number() -> None:
    assert values("caption", scan(prompt_2="of qux", sample={"prompt3": "qux"})) == {"of qux", "qux"}


@pytest.mark.parametrize(
    ("key", "table", "severity"),
    [
        ("ss_caption_frequency", {"10_img": {"ohwx woman": 15, "smile": 3}}, "high"),
        ("ss_caption_frequency", {"ohwx woman": "15"}, "high"),
        ("ss_caption_frequency", {"weight": 3, "ohwx woman": 1}, "high"),
        ("ss_subsets", {"ohwx woman": {"img_count": 15, "n_repeats": 10}}, "medium"),
        ("ss_subsets", [{"img_count": 15, "frequency_of": {"ohwx woman": 3.5}}], "medium"),
        ("ss_mystery", {"a": {"ohwx woman": True}}, "medium"),
        ("ss_datasets", {"img": {"ohwx woman": 15}}, "medium"),
        ("ss_datasets", [{"subsets": {"ohwx woman": {"img_count": 15}}}], "medium"),
    ],
)
def test_words_that_are_keys_with_numbers_are_not_swallowed(key: str, table: Any, severity: str) -> None:
    (finding,) = [f for f in scan(**{key: table}) if "ohwx woman" in f.value]
    assert (finding.kind, finding.severity) == ("tags", severity)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("ss_bucket_info", {"buckets": {"0": {"resolution": [512, 512], "count": 3}}, "mean_img_ar_error": 0.0}),
        ("ss_network_args", {"conv_dim": "8", "loraplus_unet_lr_ratio": 4, "use_tucker": True}),
        ("ss_datasets", [{"is_dreambooth": True, "num_reg_images": 0, "subsets": [{"img_count": 0, "is_reg": False}]}]),
        ("ss_bucket_info", {"(512, 512)": 3}),
    ],
)
def test_settings_that_are_keys_with_numbers_are_no_words(key: str, table: Any) -> None:
    assert values("tags", scan(**{key: table})) == set()


@pytest.mark.parametrize("value", ["", " ", "None", "{}"])
def test_a_key_in_somebody_s_words_is_said_even_without_a_value(value: str) -> None:
    assert values("other", scan_metadata({"trained by Mia Schmidt": value})) == {"trained by Mia Schmidt"}
    assert scan_metadata({"sample prompts": value, "some_key-2.x": value, "activation text": value}) == ()
