"""What trainers write where their users chose nothing, and the places where a user's own words can stand.

Places are ways into the metadata: keys and places in lists. Values that are no texts are stored as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Way = tuple[str | int, ...]


@dataclass(frozen=True)
class Trainer:
    """One trainer's header."""

    name: str
    defaults: Mapping[str, Any]
    triggers: tuple[Way, ...]  # where a word that calls up the person stands
    texts: tuple[Way, ...]  # where a path or an address can stand


KOHYA: dict[str, Any] = {
    "ss_output_name": "last",
    "ss_learning_rate": "0.0001",
    "ss_text_encoder_lr": "5e-05",
    "ss_unet_lr": "None",
    "ss_num_train_images": "0",
    "ss_num_reg_images": "0",
    "ss_gradient_checkpointing": "False",
    "ss_lr_scheduler": "constant",
    "ss_network_module": "networks.lora",
    "ss_network_dim": "32",
    "ss_network_alpha": "16.0",
    "ss_network_dropout": "None",
    "ss_network_args": {"conv_dim": "8", "conv_alpha": "4", "algo": "lora"},
    "ss_mixed_precision": "fp16",
    "ss_full_fp16": "False",
    "ss_v2": "False",
    "ss_base_model_version": "sd_v1",
    "ss_clip_skip": "None",
    "ss_seed": "None",
    "ss_noise_offset": "None",
    "ss_training_comment": "None",
    "ss_sd_scripts_commit_hash": "(unknown)",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)",
    "ss_shuffle_caption": "True",
    "ss_caption_dropout_rate": "0.0",
    "ss_resolution": "(512, 512)",
    "ss_face_crop_aug_range": "None",
    "ss_keep_tokens": "0",
    "ss_dataset_dirs": {},
    "ss_reg_dataset_dirs": {},
    "ss_tag_frequency": {},
    "ss_bucket_info": {"buckets": {"0": {"resolution": [512, 512], "count": 15}}, "mean_img_ar_error": 0.01},
    "ss_sd_model_name": "v1-5-pruned-emaonly.safetensors",
    "ss_vae_name": "None",
    "ss_steps": "1500",
    "ss_epoch": "10",
    "sshs_model_hash": "af" * 32,
    "sshs_legacy_hash": "1a2b3c4d",
    "modelspec.sai_model_spec": "1.0.1",
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
    "modelspec.implementation_version": "sd-scripts/unknown",
    "modelspec.title": "LoRA@1690000000.25",
    "modelspec.resolution": "512x512",
    "modelspec.prediction_type": "epsilon",
    "modelspec.timestep_range": "None",
    "modelspec.encoder_layer": "2",
    "modelspec.license": "CreativeML Open RAIL-M",
}
SUBSET: dict[str, Any] = {
    "img_count": 0,
    "num_repeats": 1,
    "color_aug": False,
    "shuffle_caption": True,
    "keep_tokens": 0,
    "keep_tokens_separator": "",
    "secondary_separator": None,
    "enable_wildcard": False,
    "caption_prefix": None,
    "caption_suffix": None,
    "resize_interpolation": None,
    "image_dir": None,
    "class_tokens": None,
    "is_reg": False,
}
DATASETS = [
    {
        "is_dreambooth": True,
        "batch_size_per_device": 1,
        "num_train_images": 0,
        "resolution": [512, 512],
        "enable_bucket": True,
        "tag_frequency": {},
        "bucket_info": {},
        "resize_interpolation": "area",
        "subsets": [SUBSET],
    }
]
KOHYA_TEXTS: tuple[Way, ...] = (
    ("ss_training_comment",),
    ("ss_sd_model_name",),
    ("ss_vae_name",),
    ("ss_network_args", "preset"),
    ("ss_optimizer",),
    ("modelspec.description",),
    ("modelspec.author",),
    ("modelspec.license",),
    ("ss_bucket_info", "note"),
)
CONCEPT: dict[str, Any] = {
    "name": "",
    "path": "",
    "seed": -1234,
    "enabled": True,
    "image": {"enable_crop_jitter": True, "resolution_override": "512", "random_hue_max_strength": 0.0},
    "text": {
        "prompt_source": "sample",
        "prompt_path": "",
        "tag_delimiter": ",",
        "keep_tags_count": 1,
        "tag_dropout_mode": "FULL",
        "tag_dropout_special_tags_mode": "NONE",
        "tag_dropout_special_tags": "",
        "caps_randomize_mode": "capslock, title, first, random",
    },
    "balancing": 1.0,
    "balancing_strategy": "REPEATS",
}
PART = {"model_name": "", "train": True, "stop_training_after_unit": "NEVER", "weight_dtype": "FLOAT_32"}
ONETRAINER = {
    "ot_branch": "master",
    "ot_revision": "5bd1003",
    "ot_config": {
        "training_method": "LORA",
        "model_type": "STABLE_DIFFUSION_15",
        "debug_dir": "debug",
        "workspace_dir": "workspace/run",
        "cache_dir": "workspace-cache/run",
        "base_model_name": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "output_model_destination": "models/model.safetensors",
        "output_dtype": "FLOAT_32",
        "concept_file_name": "training_concepts/concepts.json",
        "concepts": [CONCEPT, CONCEPT, CONCEPT, CONCEPT, CONCEPT],
        "learning_rate_scheduler": "CONSTANT",
        "custom_learning_rate_scheduler": None,
        "train_device": "cuda",
        "temp_device": "cpu",
        "resolution": "512",
        "loss_weight_fn": "CONSTANT",
        "unet": PART,
        "text_encoder": PART,
        "layer_filter": "",
        "layer_filter_preset": "full",
        "embedding": {
            "uuid": "d7a7a0c8-98b5-4c63-9d5d-3a8b8a0a7a11",
            "placeholder": "<embedding>",
            "initial_embedding_text": "*",
        },
        "cloud": {
            "type": "RUNPOD",
            "file_sync": "NATIVE_SCP",
            "name": "OneTrainer",
            "user": "root",
            "workspace_dir": "/workspace",
            "run_id": "job1",
        },
        "peft_type": "LORA",
        "lora_model_name": "",
        "optimizer": {"optimizer": "ADAMW", "orthogonal_gradient": "disabled", "state_precision": "auto"},
        "sample_definition_file_name": "training_samples/samples.json",
        "samples": [
            {"prompt": "", "negative_prompt": "", "seed": 42, "noise_scheduler": "DDIM", "base_image_path": ""}
        ],
        "sample_image_format": "JPG",
        "save_filename_prefix": "",
        "include_train_config": "ALL",
    },
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.title": "",
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "ss_v2": "True",
}
PEFT = {
    "task_type": None,
    "peft_type": "LORA",
    "auto_mapping": None,
    "peft_version": "0.21.2",
    "base_model_name_or_path": None,
    "revision": None,
    "inference_mode": False,
    "r": 4,
    "target_modules": ["to_q", "to_k", "proj", "2", "encoder.layers.1.self_attn.q_proj"],
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "bias": "none",
    "init_lora_weights": True,
    "rank_pattern": {},
    "megatron_core": "megatron.core",
    "loftq_config": {},
    "use_dora": False,
    "qalora_group_size": 16,
}
GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 3, "sampler_name": "euler", "scheduler": "normal", "model": ["4", 0]},
        "_meta": {"title": "KSampler"},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned-emaonly.safetensors"}},
}
WORKFLOW = {
    "last_node_id": 9,
    "nodes": [
        {
            "id": 6,
            "type": "CLIPTextEncode",
            "inputs": [{"name": "clip", "type": "CLIP", "link": 3}],
            "widgets_values": [""],
        }
    ],
    "version": 0.4,
}
TRAINERS = (
    Trainer(
        "kohya",
        KOHYA,
        (("modelspec.trigger_phrase",), ("ss_tag_frequency", "10_{}"), ("ss_dataset_dirs", "10_{} woman")),
        KOHYA_TEXTS,
    ),
    Trainer(
        "kohya, from a configuration",
        {**KOHYA, "ss_datasets": DATASETS},
        tuple(
            ("ss_datasets", 0, "subsets", 0, key)
            for key in ("class_tokens", "caption_prefix", "caption_suffix", "image_dir")
        ),
        (
            ("ss_datasets", 0, "subsets", 0, "image_dir"),
            ("ss_datasets", 0, "subsets", 0, "metadata_file"),
            *KOHYA_TEXTS,
        ),
    ),
    Trainer(
        "musubi-tuner",
        {
            **KOHYA,
            "ss_datasets": [
                {
                    "resolution": [960, 544],
                    "caption_extension": ".txt",
                    "num_repeats": 1,
                    "enable_bucket": True,
                    "image_directory": None,
                }
            ],
        },
        (("ss_datasets", 0, "image_directory"), ("ss_datasets", 0, "control_directory")),
        (("ss_datasets", 0, "image_directory"), ("ss_datasets", 0, "image_jsonl_file")),
    ),
    Trainer(
        "OneTrainer",
        ONETRAINER,
        (
            ("ot_config", "concepts", 4, "name"),
            ("ot_config", "samples", 0, "prompt"),
            ("ot_config", "embedding", "placeholder"),
            ("ot_config", "save_filename_prefix"),
        ),
        (
            *(("ot_config", "concepts", place, "path") for place in range(5)),
            ("ot_config", "concepts", 3, "text", "prompt_path"),
            ("ot_config", "workspace_dir"),
            ("ot_config", "output_model_destination"),
            ("ot_config", "base_model_name"),
            ("ot_config", "samples", 0, "base_image_path"),
            ("ot_config", "cloud", "name"),
            ("ot_config", "unet", "model_name"),
            ("ot_branch",),
        ),
    ),
    Trainer(
        "ai-toolkit",
        {
            "format": "pt",
            "name": "[name]",
            "version": "1.0",
            "software": {"name": "ai-toolkit", "repo": "https://github.com/ostris/ai-toolkit", "version": "0.1.0"},
            "training_info": {"step": 2000, "epoch": 30},
            "ss_base_model_version": "flux1",
        },
        (("ss_output_name",), ("name",), ("ss_tag_frequency", "1_{}", "{}"), ("trigger_word",)),
        (
            ("config", "process", 0, "datasets", 0, "folder_path"),
            ("config", "process", 0, "model", "name_or_path"),
            ("name",),
        ),
    ),
    Trainer(
        "SimpleTuner",
        {
            "modelspec.sai_model_spec": "1.0.1",
            "modelspec.architecture": "flux-1-dev/lora",
            "modelspec.implementation": "diffusers",
            "modelspec.resolution": "1024x1024",
            "modelspec.prediction_type": "epsilon",
            "modelspec.comment": "",
        },
        (("modelspec.title",), ("modelspec.comment",), ("modelspec.tags",), ("modelspec.usage_hint",)),
        (("modelspec.comment",), ("modelspec.thumbnail",), ("modelspec.merged_from",)),
    ),
    Trainer(
        "diffusers",
        {
            "format": "pt",
            "lora_adapter_metadata": {f"{part}.{k}": v for part in ("unet", "text_encoder") for k, v in PEFT.items()},
        },
        (("instance_prompt",), ("validation_prompt",)),
        (
            ("lora_adapter_metadata", "unet.base_model_name_or_path"),
            ("lora_adapter_metadata", "text_encoder.revision"),
            ("lora_adapter_metadata", "unet.loftq_config", "cache"),
        ),
    ),
    Trainer(
        "additional networks",
        {
            **KOHYA,
            "ssmd_display_name": "",
            "ssmd_author": "",
            "ssmd_description": "",
            "ssmd_keywords": "",
            "ssmd_tags": "",
            "ssmd_source": "",
            "ssmd_cover_images": "[]",
            "ssmd_rating": "0",
            "ssmd_version": "",
        },
        (("ssmd_display_name",), ("ssmd_keywords",), ("ssmd_description",), ("ssmd_tags",), ("ssmd_author",)),
        (("ssmd_description",), ("ssmd_source",), ("ssmd_version",), ("ssmd_display_name",)),
    ),
    Trainer(
        "ComfyUI",
        {"prompt": GRAPH, "workflow": WORKFLOW},
        (("prompt", "6", "inputs", "text"), ("workflow", "nodes", 0, "widgets_values", 0)),
        (("prompt", "4", "inputs", "ckpt_name"), ("workflow", "nodes", 0, "title")),
    ),
    Trainer(
        "cloneofsimo's lora",
        {
            "unet": ["CrossAttention", "Attention", "GEGLU"],
            "text_encoder": ["CLIPAttention"],
            "unet:0:rank": "4",
            "text_encoder:0:rank": "4",
        },
        (("<{}>",),),
        (("note",),),
    ),
    Trainer(
        "nobody's",
        {"format": "pt"},
        (
            ("civitai", "trainedWords", 0),
            ("a", "b", 3, "activation_text"),
            ("meta", "instance-prompt"),
            ("x", "sample prompts", 2),
            ("training", "concept", "placeholderToken"),
        ),
        (("anything",), ("a", "b", 2, "c"), ("a", 0), ("note", "text"), ("deep", "deeper", "deepest", 7, "x", "y")),
    ),
)
