"""A base from the Hub: only the files that are used, safetensors only, with progress, and offline from the cache."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from demo.errors import WeightsError
from demo.models.bases import BUNDLED
from demo.models.diffusers_folder import CLASSES, CONFIGS, INDEX, check_weights, read_architecture
from demo.models.offline import offline
from demo.progress import UNWATCHED, Progress, Watcher

STAGE = "download, MB"
PAUSE_S = 0.5  # shortest time between two reports
DISK = "huggingface_hub.snapshot_download"  # huggingface_hub's name for the bar of the bytes on the disk
CONFIG_FILES = [INDEX, *(f"{part}/{name}" for part, name in CONFIGS.items())]
FILES = [INDEX, *(f"{part}/*{suffix}" for part in CLASSES for suffix in (".json", ".txt", ".safetensors"))]
LEFT_OUT = ["*.fp16*.safetensors", "*.non_ema*.safetensors", "*.bf16*.safetensors"]  # variants of the same weights
NOTHING = "nothing of it is in the cache"
HUB_DOWN = f"Check the connection to the Hub, or choose the bundled base '{BUNDLED}'."


def fetch(
    source: str,
    revision: str | None,
    *,
    watcher: Watcher = UNWATCHED,
    cache_dir: Path | None = None,
) -> Path:
    """The folder in the Hub's cache that holds a base, downloaded if it is not there yet.

    Args:
        source: id on the Hub.
        watcher: told megabytes, and asked, while files come.
        cache_dir: by default the Hub's own.

    Raises:
        WeightsError: it cannot be had; where the Hub may not be asked, naming what is missing.
        Stopped: the watcher stopped it.
    """
    try:
        folder = Path(_snapshot(source, revision, FILES, cache_dir, local_files_only=True))
        _check(folder)
    except LocalEntryNotFoundError:
        lacking = NOTHING
    except WeightsError as error:
        lacking = error.problem
    else:
        return folder
    if (switched_off := offline()) is not None:
        raise _absent(source, lacking, switched_off)
    try:
        bar = _bar(watcher)
        folder = Path(_snapshot(source, revision, FILES, cache_dir, tqdm_class=bar))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise _reason(source, revision, error) from error
    _check(folder)
    return folder


def fetch_configs(source: str, revision: str | None, *, cache_dir: Path | None = None) -> Path:
    """A folder that holds at least the configuration files of a base: some kilobytes.

    Raises:
        WeightsError: they cannot be had.
    """
    switched_off = offline()
    try:
        return Path(_snapshot(source, revision, CONFIG_FILES, cache_dir, local_files_only=switched_off is not None))
    except LocalEntryNotFoundError as error:
        raise (
            _reason(source, revision, error) if switched_off is None else _absent(source, NOTHING, switched_off)
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise _reason(source, revision, error) from error


def _snapshot(source: str, revision: str | None, files: Sequence[str], cache_dir: Path | None, **options: Any) -> str:
    return snapshot_download(
        source,
        revision=revision,
        allow_patterns=list(files),
        ignore_patterns=LEFT_OUT,
        cache_dir=cache_dir,
        **options,
    )


def _check(folder: Path) -> None:
    read_architecture(folder)
    check_weights(folder)


def _absent(source: str, problem: str, switched_off: str) -> WeightsError:
    return WeightsError(
        f"{source} is not on this machine: {problem.rstrip('.')}. {switched_off} is set, so nothing is downloaded.",
        f"Unset {switched_off}, or run once with a connection, or give a folder with --base.",
    )


def _reason(source: str, revision: str | None, error: Exception) -> WeightsError:
    if isinstance(error, GatedRepoError):
        return WeightsError(
            f"{source} asks for its licence to be accepted first.", "Accept it on its page, then: hf auth login"
        )
    if isinstance(error, (RepositoryNotFoundError, RevisionNotFoundError)):
        what = f"{source} at revision {revision}" if revision else source
        return WeightsError(f"The Hub has no {what}.", "Give a folder that holds the model with --base.")
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return WeightsError(f"{source} cannot be downloaded: {said}", HUB_DOWN)


def _bar(watcher: Watcher) -> type[Any]:
    """A progress bar's class that tells a watcher instead of drawing; huggingface_hub makes its bars of it.

    Of its three bars (files, bytes from the network, bytes on the disk) the last is told: the size of what comes from
    the network is not known before. A bar is known by its name, which only subclasses of huggingface_hub's own get.
    """

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, name: str | None = None, **options: Any) -> None:
            self._told, self._named = 0.0, name
            quiet = {**options, "disable": False, "gui": True}  # counts, but draws nothing
            super().__init__(*args, **quiet)  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            watcher.check()
            done = self.total and self.n >= self.total
            now = time.monotonic()
            told = self.total and self._named == DISK
            if told and (done or now - self._told >= PAUSE_S):
                self._told = now
                watcher.tell(Progress(STAGE, round(self.n / 1e6), round(self.total / 1e6)))
            return None

        def display(self, *_: Any, **__: Any) -> None:
            """Nothing on the terminal."""

        def close(self) -> None:
            """Nothing to take off the terminal."""

        def refresh(self, *_: Any, **__: Any) -> None:
            """Nothing on the terminal."""

    return Bar
