"""What trainers and libraries write by themselves: it says nothing of anybody, and is passed over.

The keys are those of sd-scripts and musubi-tuner (kohya), LyCORIS, OneTrainer, ai-toolkit, SimpleTuner, diffusers, PEFT
and cloneofsimo's lora. Only the key is passed over: whatever stands under it is searched all the same.
"""

from __future__ import annotations

import re
from typing import Any

from demo.lora.metadata.said import word_set

NOTHING = frozenset({"", "none", "null", "nil", "nan", "undefined", "{}", "[]", "()", '""', "''", "n/a", "-", "[null]"})
PLAIN = re.compile(
    r"(?:true|false|yes|no|on|off)"
    r"|[\[(]?\s*[+-]?[\d.]+(?:e[+-]?\d+)?(?:\s*[,xX:;]\s*[+-]?[\d.]+(?:e[+-]?\d+)?){0,16}\s*,?\s*[\])]?",
    re.I,
)

# Settings of kohya's trainers, without "ss_".
KOHYA = word_set("""
    learning_rate text_encoder_lr unet_lr num_train_images num_validation_images num_reg_images
    num_batches_per_epoch num_epochs gradient_checkpointing gradient_accumulation_steps max_train_steps
    lr_warmup_steps lr_scheduler lr_scheduler_args network_module network_dim network_alpha network_dropout
    network_args mixed_precision full_fp16 full_bf16 v2 base_model_version clip_skip max_token_length cache_latents
    lowram noise_offset multires_noise_iterations multires_noise_discount adaptive_noise_scale zero_terminal_snr
    sd_scripts_commit_hash optimizer optimizer_args optimizer_type max_grad_norm caption_dropout_rate
    caption_dropout_every_n_epochs caption_tag_dropout_rate face_crop_aug_range prior_loss_weight min_snr_gamma
    scale_weight_norms ip_noise_gamma debiased_estimation noise_offset_random_strength
    ip_noise_gamma_random_strength loss_type huber_schedule huber_scale huber_c fp8_base fp8_base_unet
    validation_seed validation_split max_validation_steps validate_every_n_epochs validate_every_n_steps
    resize_interpolation batch_size_per_device total_batch_size resolution color_aug flip_aug random_crop
    random_crop_padding_percent shuffle_caption shuffle_caption_sigma enable_bucket bucket_no_upscale
    min_bucket_reso max_bucket_reso bucket_reso_steps keep_tokens bucket_info steps epoch caption_extension
    weighting_scheme logit_mean logit_std mode_scale guidance_scale timestep_sampling sigmoid_scale
    model_prediction_type discrete_flow_shift apply_t5_attn_mask t5xxl_max_token_length vae_dtype dit_dtype
    text_encoder_dtype llm_dtype prediction_type v_parameterization skip_image_resolution keep_tokens_separator
    secondary_separator enable_wildcard token_warmup_min token_warmup_step gradient_filter fp8_llm fp8_scaled fp8_t5
    split_attn attention_mode num_timestep_buckets preserve_distribution_shape min_timestep max_timestep
    force_v2_1_time_embedding reg_data_dirs split_mode train_blocks blocks_to_swap cpu_offload_checkpointing
    control_net_args dora_wd weight_decompose block_dims conv_dim conv_alpha rank_dropout module_dropout
    initial_step network_train_unet_only network_train_text_encoder_only
""")
# Fields of PEFT's LoraConfig and its kin, as save_lora_weights puts them under the component's name.
PEFT = word_set("""
    r lora_alpha rank_pattern alpha_pattern target_modules task_type peft_type auto_mapping peft_version revision
    inference_mode exclude_modules lora_dropout fan_in_fan_out bias use_rslora modules_to_save init_lora_weights
    layers_to_transform layers_pattern megatron_config megatron_core trainable_token_indices loftq_config eva_config
    corda_config lora_ga_config use_dora velora_config alora_invocation_tokens use_qalora qalora_group_size
    monteclora_config layer_replication lora_bias target_parameters use_bdlora arrow_config kasa_config
    ensure_weight_tying runtime_config base_model_name_or_path
""")
# Settings of ModelSpec 1.0.1, without "modelspec.".
MODELSPEC = word_set("""
    sai_model_spec implementation implementation_version resolution prediction_type timestep_range encoder_layer
    preprocessor is_negative_embedding unet_dtype vae_dtype data_format format_type quantization quantization_type
""")
# Of the rest, and of what they write into JSON: words that stand for a setting wherever they end a key.
SETTINGS = word_set("""
    format rank alpha dtype device optimizer scheduler resolution bias mode method unit units strategy preset
    mechanism precision backend delimiter dropout interpolation sampler type types fn algo algorithm scaler scale
    source_format extension ext steps step epoch epochs repeats rating version versions framework dim lr weight
    weights shift size decay betas eps seed_mode class_type sampler_name cnr_id ver revision uuid index multiplier
    probability frequency attention checkpointing offload offloading caching quantization pin_memory bucket strength
    conditioning schedule distribution timestep timesteps modules layers layer_filter arch keep_tokens engine torch
    cuda python xformers loss ema
    base_model_class parent_library frame_extraction
    include_train_config file_sync on_finish on_error on_detached_finish on_detached_error sub_type
""")
STRINGS = word_set("""
    networks.lora networks.dylora networks.lora_flux networks.lora_sd3 networks.lora_lumina networks.lora_wan
    networks.oft networks.loha networks.lokr lycoris.kohya megatron.core lora locon loha lokr full adapter_model
    pytorch_lora_weights last model models/model.safetensors models/lora.safetensors workspace/run
    workspace-cache/run debug training_concepts/concepts.json training_samples/samples.json sample concept filename
    cpu cuda cuda:0 mps auto constant cosine linear master main <embedding> * pt np tf mlx flax [name] ai-toolkit
    kohya sd-scripts musubi-tuner onetrainer simpletuner diffusers peft comfyui invokeai civitai sgm output outputs
    dataset datasets config sd_trainer lora_trainer epsilon v v_prediction fp16 bf16 fp32 float float16 bfloat16
    float32 fp8 int8 nfloat4 .txt .caption latent area lanczos 0.0.0.0 localhost 127.0.0.1 native automatic adamw
    adamw8bit prodigy lion euler ddim ddpm normal karras simple l2 huber smooth_l1 none uniform sigma latent_caching
    workspace unknown (unknown)
""") | {"capslock, title, first, random", "git clone https://github.com/nerogar/onetrainer"}
STRINGS |= word_set("/workspace /workspace/huggingface_cache /workspace/onetrainer job1 root")  # OneTrainer's cloud
STRINGS |= word_set("simpletuner-lora model.safetensors lora.safetensors adapter_model.safetensors")
STRINGS |= word_set("disabled enable default image fixed randomize increment")
# What names of layers are made of, in the models that LoRAs are trained for.
LAYERS = word_set("""
    to q k v qkv out in add added proj ff net linear lin fc conv shortcut attn attns attention attentions self cross mid
    down up block blocks unet te text encoder decoder model layers layer mlp norm transformer transformers single double
    img txt context time emb embed embedding embeddings embedder embedders token position dense gate query key value
    resnets resnet upsamplers downsamplers op skip i o x y all lora base patch pos head heads final adaln ada modulation
    mod a b c w h d wi wo wq wk wv s post pre input output middle module modules prior joint refiner noise cond vision
    caption projection projector class label guidance timestep vector stream expert experts shared feed forward wan
""")
PLACEHOLDERS = word_set("<embedding> * [trigger] [name]")
STAMPED = re.compile(r"(?:LoRA|TextualInversion|Checkpoint)@[\d.]{1,30}|sd-scripts/(?:[0-9a-f]{7,40}|unknown)")

PUBLIC_BASE = re.compile(
    r"(?:(?:runwayml|stable-diffusion-v1-5|sd-legacy|compvis|stabilityai|black-forest-labs|lodestones|alpha-vllm|qwen|"
    r"wan-ai|tencent|tongyi-mai|playgroundai|segmind|ostris|kwai-kolors|hidream-ai|pixart-alpha|genmo|thudm|lightricks|"
    r"hunyuanvideo-community|openai|google|madebyollin|laion)/[\w.-]{1,80}"
    r"|v1-5-pruned(?:-emaonly)?(?:-fp16)?|sd-v1-[45](?:-full-ema|-pruned)?|v2-1_(?:512|768)-[a-z-]{1,20}"
    r"|sd_xl_base_1\.0(?:_0\.9vae)?|stable-diffusion-(?:v?\d[\d.]{0,4}|xl)(?:-[a-z0-9]{1,10}){0,4}(?:/(?:lora|textual-inversion))?"
    r"|flux-?1?(?:-(?:dev|schnell|kontext-dev))?(?:/lora)?|flux1-(?:dev|schnell)(?:-fp8)?|flux[12]?(?:_(?:dev|schnell|klein_\db))?"
    r"|sdxl(?:_|_base_v1-0|_base_v0-9|_1\.0)?|sd_?v?(?:1|2|3|1\.5|2\.1|3\.5|15|21)(?:_768_v|_v|_m)?|sd3(?:-m|\.5)?|ae|sdxl_vae"
    r"|(?:t5xxl|t5-v1_1-xxl|umt5[_-]xxl|models_t5_umt5-xxl-enc|clip_[lgh]|llava_llama3)"
    r"(?:_encoder(?:only)?)?(?:[_-](?:fp16|fp8|bf16|fp32|e4m3fn|e5m2|scaled)){0,4}|wan_?2\.\d_vae"
    r"|vae-ft-mse-840000-ema-pruned|wan2\.\d(?:[_-][a-z0-9]{1,8}){0,3}|chroma|lumina-?2?|hunyuan[-_]?video)"
    r"(?:\.safetensors|\.ckpt|\.pth)?",
    re.I,
)
PUBLIC_LINK = re.compile(
    r"https?://(?:www\.)?(?:(?:github\.com|huggingface\.co)/(?:stability-ai|stabilityai|comfyanonymous|comfy-org|"
    r"black-forest-labs|alpha-vllm|lodestones|ostris|kohya-ss|nerogar|bghira|huggingface|runwayml|compvis|wan-video|wan-ai|"
    r"tencent|qwen|qwenlm|cloneofsimo|kohakublueleaf|invoke-ai|stable-diffusion-v1-5|sd-legacy)(?:/[\w.-]{1,80})?/?"
    r"|github\.com|huggingface\.co|civitai\.com)/?",
    re.I,
)
LICENCE = re.compile(
    r"(?:creativeml|open ?rail|apache|mit|cc|bsd|gpl|agpl|fair ai|flux|stability|gemma|llama|other|unknown|unlicense|"
    r"public domain|non-?commercial)(?:[ +-]{0,3}(?:open|rail|rail-m|m|license|licence|by|nc|sa|nd|zero|cc0|public|ai|"
    r"dev|community|non|commercial|v?\d{1,2}(?:\.\d{1,2}){0,2}|plus|pl)){0,8}",
    re.I,
)


def nothing(value: Any) -> bool:
    """Whether a value was left empty: no text, ``None`` and its kin, or JSON with nothing in it."""
    if isinstance(value, str):
        return (len(value) < 200 and value.strip().lower() in NOTHING) or not value.strip()
    return value is None


def plain(text: str) -> bool:
    """Whether a text is a number, a few of them, or yes or no."""
    return len(text) <= 200 and PLAIN.fullmatch(text.strip()) is not None


def default(text: str) -> bool:
    """Whether a trainer writes this text by itself, where its user chose nothing."""
    text = text.strip()
    return len(text) <= 200 and (text.lower() in STRINGS or STAMPED.fullmatch(text) is not None)


def public_base(text: str) -> bool:
    """Whether a text is the name of a public base model."""
    return len(text) <= 120 and PUBLIC_BASE.fullmatch(text.strip()) is not None


def public_link(link: str) -> bool:
    """Whether a link leads to a project that trainers name by themselves."""
    return PUBLIC_LINK.fullmatch(link) is not None


def public_licence(text: str) -> bool:
    """Whether a text is a well-known licence's name."""
    return len(text) <= 120 and LICENCE.fullmatch(text.strip()) is not None


def layer(text: str) -> bool:
    """Whether a text is the name of a layer, or a pattern of such names."""
    parts = re.split(r"[^a-z]+", text.lower()) if len(text) <= 400 and " " not in text else ["?"]
    return all(part in LAYERS or not part for part in parts)


def silent(text: str) -> bool:
    """Whether a text inside a configuration is a trainer's own, or a bare number: it gives away nothing."""
    return len(text.strip()) <= 1 or plain(text) or default(text) or public_base(text) or public_link(text)


def setting(key: str) -> bool:
    """Whether a key names a setting of the training.

    Args:
        key: the last key on the way to a value, in lower case with underscores.
    """
    return key in SETTINGS or key.rsplit("_", 1)[-1] in SETTINGS or key in KOHYA or key in PEFT
