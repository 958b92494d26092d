"""Names: what is read, and what is called by its own name. No tensor is needed for that."""

from __future__ import annotations

import pytest

from demo.errors import LoraFileError
from demo.lora.layouts import sort_keys

NAME = "person.safetensors"
PATH = "down_blocks.1.attentions.0.transformer_blocks.0.attn1"
FLAT = PATH.replace(".", "_")
TEXT = "encoder.layers.3.self_attn"
COMFY = "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1"


@pytest.mark.parametrize(
    ("down", "up", "module"),
    [
        # diffusers' paths with kohya's parts, and with processors
        (f"unet.{PATH}.to_q.lora_down.weight", f"unet.{PATH}.to_q.lora_up.weight", f"unet.{PATH}.to_q"),
        (f"unet.{PATH}.to_out.0.lora_down.weight", f"unet.{PATH}.to_out.0.lora_up.weight", f"unet.{PATH}.to_out.0"),
        (f"{PATH}.to_q.lora_down.weight", f"{PATH}.to_q.lora_up.weight", f"unet.{PATH}.to_q"),
        (
            f"unet.{PATH}.processor.to_q_lora.down.weight",
            f"unet.{PATH}.processor.to_q_lora.up.weight",
            f"unet.{PATH}.to_q",
        ),
        (
            f"{PATH}.processor.to_out_lora.down.weight",
            f"{PATH}.processor.to_out_lora.up.weight",
            f"unet.{PATH}.to_out.0",
        ),
        (
            f"text_encoder.text_model.{TEXT}.q_proj.lora_down.weight",
            f"text_encoder.text_model.{TEXT}.q_proj.lora_up.weight",
            f"text_encoder.{TEXT}.q_proj",
        ),
        # PEFT's, with any adapter's name
        *(
            (
                f"{prefix}{PATH}.to_q.lora_A.{adapter}.weight",
                f"{prefix}{PATH}.to_q.lora_B.{adapter}.weight",
                f"unet.{PATH}.to_q",
            )
            for prefix in ("unet.", "base_model.model.", "")
            for adapter in ("default", "default_0", "mia", "mia v2.1", "my-lora_1", "weight")
        ),
        # kohya's names with PEFT's parts
        (f"lora_unet_{FLAT}_to_q.lora_A.weight", f"lora_unet_{FLAT}_to_q.lora_B.weight", f"unet.{PATH}.to_q"),
        # ComfyUI's
        *(
            (f"{prefix}{COMFY}.to_q.{down}.weight", f"{prefix}{COMFY}.to_q.{up}.weight", f"unet.{PATH}.to_q")
            for prefix in ("", "model.")
            for down, up in (("lora_A", "lora_B"), ("lora_down", "lora_up"), ("lora.down", "lora.up"))
        ),
        *(
            (
                f"{clip}.{TEXT}.q_proj.lora_A.weight",
                f"{clip}.{TEXT}.q_proj.lora_B.weight",
                f"text_encoder.{TEXT}.q_proj",
            )
            for clip in (
                "text_encoders.clip_l.transformer.text_model",
                "text_encoders.clip_h.transformer.text_model",
                "clip_l.transformer.text_model",
                "text_encoders.clip_l.text_model",
            )
        ),
    ],
)
def test_names_that_are_read(down: str, up: str, module: str) -> None:
    alpha = down.split(".lora", maxsplit=1)[0].split("_lora", maxsplit=1)[0] + ".alpha"
    assert sort_keys(NAME, [down, up]).parts == {module: {"A": down, "B": up}}
    if "to_out" not in down or "to_out.0" in down:
        assert sort_keys(NAME, [down, up, alpha]).parts == {module: {"A": down, "B": up, "alpha": alpha}}


def test_the_adapter_s_name_is_kept_beside() -> None:
    keys = [f"unet.{PATH}.to_q.lora_{kind}.mia.weight" for kind in "AB"]
    assert sort_keys(NAME, keys).adapter == "mia"
    assert sort_keys(NAME, [key.replace(".mia", "") for key in keys]).adapter == ""


@pytest.mark.parametrize("second", ["tom", ""])
def test_several_adapters_in_a_file_are_named(second: str) -> None:
    keys = [
        f"unet.{PATH}.to_q.lora_{kind}{adapter and '.' + adapter}.weight"
        for kind in "AB"
        for adapter in ("mia", second)
    ]
    with pytest.raises(LoraFileError, match=f"several adapters, .*{second or 'one without a name'}"):
        sort_keys(NAME, keys)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("unet:0:up", "cloneofsimo's lora_diffusion"),
        ("text_encoder:11:down", "cloneofsimo's lora_diffusion"),
        (f"lora_unet_{FLAT}_to_q.a1.weight", "a GLoRA"),
        (f"lora_unet_{FLAT}_norm.w_norm", "trained normalisation layers"),
        (f"{PATH}.to_q.lora_E", "an AdaLoRA"),
        (f"{PATH}.to_q.lora_velora_embed", "a VeLoRA"),
        ("down_blocks.0.motion_modules.0.attn1.to_q.lora_A.weight", "AnimateDiff"),
        ("lora_prior_unet_down_blocks_0.lora_down.weight", "Stable Cascade"),
        ("text_encoders.clip_g.transformer.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", "two text encoders"),
        ("text_encoders.t5xxl.transformer.encoder.block.0.lora_A.weight", "two text encoders"),
        ("lora_te3_encoder_block_0.lora_down.weight", "two text encoders"),
        ("diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight", "a transformer (Flux, HunyuanVideo"),
        ("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "a transformer (Flux, HunyuanVideo"),
        ("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "a transformer (Flux, HunyuanVideo"),
        ("diffusion_model.joint_blocks.0.x_block.attn.qkv.lora_A.weight", "a transformer (SD 3)"),
        ("diffusion_model.blocks.0.self_attn.q.lora_A.weight", "a video transformer (Wan"),
        ("lora_unet_blocks_0_cross_attn_k.lora_down.weight", "a video transformer (Wan"),
        ("blocks.0.ffn.0.lora_A.default.weight", "a video transformer (Wan"),
        ("diffusion_model.layers.0.attention.qkv.lora_A.weight", "not for the U-Net"),
        ("transformer.transformer_blocks.0.attn1.to_q.lora_A.weight", "a transformer (SD 3, Flux and later"),
        ("base_model.model.transformer_blocks.0.attn1.to_q.lora_A.weight", "not for the U-Net"),
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "a language model"),
        (f"unet.{PATH}.to_q.lora_B.mia.bias", "biases or embeddings"),
        (f"lora_unet_{FLAT}_to_x.lora_down.weight", "no known base model has: lora_unet_"),
        (f"{COMFY}.to_x.lora_down.weight", f"no known base model has: {COMFY}.to_x"),
    ],
)
def test_other_kinds_are_called_by_their_name(key: str, said: str) -> None:
    with pytest.raises(LoraFileError) as caught:
        sort_keys(NAME, [key])
    assert said in caught.value.problem


@pytest.mark.parametrize(
    "word", ["<s1>", "emb_params", "bundle_emb.mia.string_to_param.*", "string_to_param", "clip_l"]
)
def test_an_embedding_beside_a_lora_does_not_make_it_one(word: str) -> None:
    """What is said of a file that holds a LoRA is not that it is none."""
    with pytest.raises(LoraFileError, match="a LoRA with a textual inversion besides"):
        sort_keys(NAME, [word, f"unet.{PATH}.to_q.lora_A.weight", f"unet.{PATH}.to_q.lora_B.weight"])
    with pytest.raises(LoraFileError, match="cloneofsimo"):
        sort_keys(NAME, [word, "unet:0:up", "unet:0:down"])
    if not word.startswith("bundle"):
        with pytest.raises(LoraFileError, match="a textual inversion, not a LoRA"):
            sort_keys(NAME, [word])


def test_a_whole_model_is_one_only_without_a_lora() -> None:
    model = "model.diffusion_model.input_blocks.0.0.weight"
    with pytest.raises(LoraFileError, match="a whole model"):
        sort_keys(NAME, [model])
    with pytest.raises(LoraFileError, match="holds a tensor that is no part of a plain LoRA"):
        sort_keys(NAME, [model, f"unet.{PATH}.to_q.lora_A.weight", f"unet.{PATH}.to_q.lora_B.weight"])


def test_names_in_messages_are_printable() -> None:
    with pytest.raises(LoraFileError) as caught:
        sort_keys(NAME, ["lora_\x1b[2J\n.weight"])
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
