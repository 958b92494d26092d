"""What the UNet says of noised latents, in fp32, whatever it predicts."""

from __future__ import annotations

from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.errors import SettingsError


def estimates(pipe: StableDiffusionPipeline, x: Tensor, embedding: Tensor, at: int) -> tuple[Tensor, Tensor]:
    """What the UNet says of x at time ``at``: the clean latents x0 and the noise, each (n, c, h, w) fp32.

    With x = a x0 + s eps, a = sqrt(abar), s = sqrt(1 - abar), whatever the UNet predicts gives both. An x0 whose error
    is e gives an eps whose error is e a / s: at the first steps of a linear schedule that is e times 100 to 20 (s is
    0.010 at time 0, 0.047 at time 10), which is why nothing here is less than fp32.

    Raises:
        SettingsError: a prediction that is none of epsilon, v_prediction, sample.
    """
    a_bar = pipe.scheduler.alphas_cumprod[at].to(x)
    a, s = a_bar.sqrt(), (1 - a_bar).sqrt()
    context = embedding.to(pipe.unet.device, pipe.unet.dtype).expand(len(x), -1, -1)
    out = pipe.unet(x.to(pipe.unet.dtype), at, encoder_hidden_states=context).sample.to(x)
    kind = pipe.scheduler.config.prediction_type
    if kind == "sample":
        return out, (x - a * out) / s
    if kind == "epsilon":
        return (x - s * out) / a, out
    if kind == "v_prediction":  # v = a eps - s x0 (Salimans and Ho 2022)
        return a * x - s * out, a * out + s * x
    raise SettingsError(
        f"Prediction type '{kind}' is unknown.", "Take a base that predicts epsilon, v_prediction or sample."
    )
