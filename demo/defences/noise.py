"""Gaussian noise for privacy: from a seed that nobody knows, from a secure source, or (for tests) from a given seed."""

from __future__ import annotations

import os
import secrets
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

Source = Literal["system", "secure"]
SUM_OF = 4  # see SecureNoise


class Noise:
    """Standard normal numbers and coin flips from a generator that is keyed by the operating system.

    The key has 128 bits. Torch's own generator keeps 32 of its seed: whoever tries them all takes the noise off again.

    Args:
        seed: for tests and comparisons; who knows it can take the noise off again.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.description = (
            "pseudo-random (Philox), with a key of 128 bits from the operating system"
            if seed is None
            else "pseudo-random, from a given seed"
        )
        self._generator = np.random.Generator(np.random.Philox(key=secrets.randbits(128) if seed is None else seed))

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal, of the shape, type and device of ``like``."""
        return torch.from_numpy(self._generator.standard_normal(tuple(like.shape), dtype=np.float32)).to(like)

    def poisson(self, count: int, q: float) -> Tensor:
        """Which of ``count`` photos are in a batch: (count,), each by itself with probability q."""
        return torch.from_numpy(self._generator.random(count) < q)

    def seed(self) -> int:
        """For a generator of torch's, of which it is to know a step's worth and no more."""
        return int(self._generator.integers(2**63))

    def state_dict(self) -> dict[str, Any]:
        """Where the generator stands: whoever knows it can take the noise off again."""
        return {"generator": self._generator.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self._generator.bit_generator.state = state["generator"]


class SecureNoise(Noise):
    """Numbers from the operating system's cryptographically secure source.

    Each is the sum of several divided by the root of their number, so that the gaps between floating-point numbers
    do not betray what lies under the noise (Holohan and Braghin 2021, "Secure random sampling in differential
    privacy"; Opacus' secure mode does the same).
    """

    def __init__(self) -> None:
        super().__init__()
        self.description = f"cryptographically secure (os.urandom), each the sum of {SUM_OF} normal numbers"

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal, of the shape, type and device of ``like``."""
        count = like.numel()
        pairs = -(-count * SUM_OF // 2)
        u = _uniform(2 * pairs).reshape(2, pairs)
        radius = np.sqrt(-2 * np.log(u[0]))  # Box and Muller 1958
        both = np.concatenate([radius * np.cos(2 * np.pi * u[1]), radius * np.sin(2 * np.pi * u[1])])
        total = both[: count * SUM_OF].reshape(SUM_OF, count).sum(0) / SUM_OF**0.5
        return torch.from_numpy(total).reshape(like.shape).to(like)

    def poisson(self, count: int, q: float) -> Tensor:
        """Which of ``count`` photos are in a batch."""
        return torch.from_numpy(_uniform(count) <= q)

    def seed(self) -> int:
        """For a generator of torch's."""
        return secrets.randbits(63)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the operating system's source goes on by itself."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""


def _uniform(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """``count`` numbers in (0, 1], 53 random bits each."""
    bits = np.frombuffer(os.urandom(8 * count), dtype=np.uint64) >> np.uint64(11)
    return (bits.astype(np.float64) + 1) / 2.0**53


def noise_source(source: Source, seed: int | None = None) -> Noise:
    """The noise that the settings ask for."""
    return SecureNoise() if source == "secure" else Noise(seed)
