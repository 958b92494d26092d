"""``python -m demo.train publish``: a base's weight encoder to the Hub, and the place into its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from demo.attack.manifest import ManifestEntry, entry_of, record, verified
from demo.errors import OutputError, WeightsError


def publish(encoder: Path, key: str, repo: str, *, private: bool = False, api: Any = None) -> ManifestEntry:
    """Upload an encoder under the name that its manifest has for it, and pin the commit in that manifest.

    Args:
        encoder: a file that its manifest lists.
        key: of its base.
        repo: USER/REPO; made if it is not there.
        private: whether a new repository is.
        api: an ``HfApi``; by default with the token of ``hf auth login``.

    Raises:
        WeightsError: the file is missing, not listed, or not the one that is listed.
        OutputError: the Hub does not take it.
    """
    if not encoder.exists():
        raise WeightsError(f"There is no weight encoder of '{key}' to publish.", "Train one first.")
    entry = entry_of(verified(encoder))
    api = api or HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        commit = api.upload_file(
            path_or_fileobj=encoder,
            path_in_repo=entry.file,
            repo_id=repo,
            commit_message=f"Weight encoder of {key}, sha256 {entry.sha256}",
        )
    except Exception as error:  # huggingface_hub and httpx each raise their own
        raise OutputError(
            f"{repo} does not take {entry.file}: {' '.join(str(error).split())[:200]}",
            "Log in with a token that may write (hf auth login), and check the name USER/REPO.",
        ) from error
    return record(encoder, key, repo=repo, revision=commit.oid)
