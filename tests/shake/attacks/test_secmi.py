from threading import Event
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.errors import SettingsError, Stopped
from demo.models.sampling import encode_pictures, encode_prompts
from demo.progress import Progress, Watcher
from demo.shake.attacks import secmi_reference
from demo.shake.attacks.estimates import estimates
from demo.shake.attacks.secmi import SecmiSettings, secmi, step

SHORT = SecmiSettings(t=30, k=10)


@pytest.fixture
def latents(tiny_pipe: StableDiffusionPipeline, pictures: list[Image.Image]) -> Tensor:
    return encode_pictures(tiny_pipe, pictures[:3])


@pytest.fixture
def embedding(tiny_pipe: StableDiffusionPipeline) -> Tensor:
    return encode_prompts(tiny_pipe, ["a photo of a person"])


def predicting(pipe: StableDiffusionPipeline, kind: str) -> None:
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config, prediction_type=kind)


class Counted:
    """The UNet, counting its calls."""

    def __init__(self, pipe: StableDiffusionPipeline) -> None:
        self.times: list[int] = []
        pipe.unet.register_forward_pre_hook(lambda _, args: self.times.append(int(args[1])))


@pytest.mark.parametrize("kind", ["sample", "epsilon", "v_prediction"])
def test_agrees_with_the_formulae(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, kind: str
) -> None:
    predicting(tiny_pipe, kind)
    found = secmi(tiny_pipe, latents, embedding, SHORT, batch=2)
    wanted = [secmi_reference.score(tiny_pipe, z, embedding, 30, 10) for z in latents]
    assert found.tolist() == pytest.approx(wanted, rel=2e-3)
    assert len(set(found.tolist())) == len(latents)


def test_published_setting_takes_16_calls(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor
) -> None:
    counted = Counted(tiny_pipe)
    secmi(tiny_pipe, latents, embedding)
    assert counted.times == list(range(0, 160, 10))
    assert SecmiSettings().calls == 16


def test_batch_changes_nothing(tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor) -> None:
    one, all_at_once = (secmi(tiny_pipe, latents, embedding, SHORT, batch=n) for n in (1, 16))
    torch.testing.assert_close(one, all_at_once, rtol=1e-4, atol=1e-6)
    assert one.shape == (len(latents),)


def test_a_network_that_knows_the_picture_scores_nothing(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor
) -> None:
    known = latents[:1]

    class Knows:
        device, dtype = known.device, known.dtype

        def __call__(self, x: Tensor, *_: Any, **__: Any) -> Any:
            return type("Output", (), {"sample": known.expand_as(x)})

    tiny_pipe.unet.forward = Knows().__call__  # x0 is always the member
    member, other = secmi(tiny_pipe, latents[:2], embedding, SHORT)
    assert member < 1e-9
    # x is a x0 + s eps all along, with whatever eps the other picture needs: the way back is the way forth
    assert other < 1e-6
    counts = iter(range(99))

    def forgets(x: Tensor, *_: Any, **__: Any) -> Any:
        return type("Output", (), {"sample": known.expand_as(x) + 0.1 * next(counts)})

    tiny_pipe.unet.forward = forgets
    assert secmi(tiny_pipe, latents[:1], embedding, SHORT)[0] > 1e-4


@pytest.mark.parametrize("kind", ["sample", "epsilon", "v_prediction"])
def test_both_estimates_make_up_the_state(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, kind: str
) -> None:
    predicting(tiny_pipe, kind)
    a_bar = tiny_pipe.scheduler.alphas_cumprod[200]
    with torch.no_grad():
        x0, epsilon = estimates(tiny_pipe, latents, embedding, 200)
        torch.testing.assert_close(a_bar.sqrt() * x0 + (1 - a_bar).sqrt() * epsilon, latents)
        torch.testing.assert_close(step(tiny_pipe, latents, embedding, 200, 200), latents)  # no step at all


def test_prompt_matters(tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor) -> None:
    other = encode_prompts(tiny_pipe, ["an old man, smiling"])
    assert not torch.equal(secmi(tiny_pipe, latents, embedding, SHORT), secmi(tiny_pipe, latents, other, SHORT))


def test_refuses_settings_that_do_not_fit(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor
) -> None:
    with pytest.raises(SettingsError, match="multiple of k"):
        secmi(tiny_pipe, latents, embedding, SecmiSettings(t=145))
    with pytest.raises(SettingsError, match="beyond the schedule"):
        secmi(tiny_pipe, latents, embedding, SecmiSettings(t=990))
    predicting(tiny_pipe, "flow")
    with pytest.raises(SettingsError, match="flow"):
        secmi(tiny_pipe, latents, embedding, SHORT)


def test_reports_and_stops(tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor) -> None:
    heard: list[Progress] = []
    secmi(tiny_pipe, latents, embedding, SHORT, batch=2, watcher=Watcher(heard.append))
    assert [(p.step, p.total) for p in heard] == [(2, 3), (3, 3)]
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        secmi(tiny_pipe, latents, embedding, SHORT, watcher=Watcher(stop=stop))


def test_reference_knows_the_schedules(tiny_pipe: StableDiffusionPipeline) -> None:
    for schedule in ("linear", "scaled_linear"):
        tiny_pipe.scheduler = DDIMScheduler.from_config(tiny_pipe.scheduler.config, beta_schedule=schedule)
        assert secmi_reference.alphas_bar(tiny_pipe) == pytest.approx(
            tiny_pipe.scheduler.alphas_cumprod.tolist(), rel=1e-4
        )
    tiny_pipe.scheduler = DDIMScheduler.from_config(tiny_pipe.scheduler.config, beta_schedule="squaredcos_cap_v2")
    with pytest.raises(SettingsError, match="squaredcos"):
        secmi_reference.alphas_bar(tiny_pipe)
