"""Clean copies of LoRA files: every tensor byte for byte, and no metadata but what is needed to read them.

The header is all that is read, so that files can be cleaned that cannot be attacked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from demo.errors import LoraFileError, OutputError
from demo.files import write_atomically
from demo.lora.adapter_names import ADAPTER, given_names
from demo.lora.alphas import file_alphas
from demo.lora.copy_settings import reduced
from demo.lora.foreign import NUMBERED
from demo.lora.header import AGAIN, Header, read_header, shown
from demo.lora.header_alphas import stated_alpha
from demo.lora.layouts import Keys, sort_keys
from demo.lora.metadata.leak import excerpt
from demo.lora.settings_file import METADATA, read_settings
from demo.lora.shapes import file_shapes
from demo.lora.words import is_word

CHUNK = 2**20
FORMATS = {"pt", "np", "tf", "mlx", "flax"}
BUNDLED = "bundle_emb."  # begins the name of an embedding in a bundle, behind which its word stands


@dataclass(frozen=True)
class CleanCopy:
    """A copy, and what of the file is not in it besides metadata."""

    path: Path
    left_out: tuple[str, ...]  # names of embeddings, which are the words that call the person

    @property
    def notice(self) -> str:
        """What to say of it; empty where all tensors are in it."""
        if not self.left_out:
            return ""
        return f"Left out of it, since they are named by the words that call them: {excerpt(', '.join(self.left_out))}."


def clean_copy(source: Path, target: Path) -> CleanCopy:
    """Write a copy with no metadata but what is needed to read it.

    Tensors keep their bytes, order and names. Embeddings under their words are left out, for the word would stay;
    names that somebody gave to an adapter are taken out of the names of its tensors.

    The weights stay what they are: this stops the metadata leak and no attack.

    Args:
        source: any safetensors file; it need be no LoRA that can be attacked.

    Raises:
        LoraFileError: the file cannot be read, or holds nothing but embeddings under their words.
        OutputError: the copy cannot be written, or would replace the file itself.
    """
    header = read_header(source)
    if target.exists() and target.samefile(source):
        raise OutputError(f"The clean copy would replace {source.name} itself.", "Choose another name for the copy.")
    words = {key: None for key, entry in header.entries.items() if key.startswith(BUNDLED) or is_word(key, entry)}
    if words and len(words) == len(header.entries):
        raise LoraFileError(
            f"{source.name} holds nothing but embeddings under the words that call them, so no copy is clean.",
            "Share no file that holds such an embedding.",
        )
    names = _names(key for key in header.entries if key not in words)
    kept = sorted(names, key=lambda key: header.entries[key].place)
    described: dict[str, Any] = {"__metadata__": _needed(source, header, names)}
    end = 0
    for key in kept:
        entry = header.entries[key]
        begin, end = end, end + entry.place[1] - entry.place[0]
        described[names[key]] = {"dtype": entry.dtype, "shape": entry.shape, "data_offsets": [begin, end]}
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8, as the library writes them

    def write(partial: Path) -> None:
        with _opened(source) as taken, partial.open("wb") as copy:
            copy.write(len(text).to_bytes(8, "little") + text)
            for key in kept:
                begin, stop = header.entries[key].place
                _copy(source.name, taken, copy, header.start + begin, stop - begin)

    write_atomically(target, write)
    return CleanCopy(target, tuple(words))


def _names(keys: Iterable[str]) -> dict[str, str]:
    """Key of the file -> key of the copy."""
    names = {key: key for key in keys}
    found = {key: match for key in names if (match := ADAPTER.match(key))}
    adapters = sorted({match["adapter"] for match in found.values()})
    bare = {match["start"] + (match["end"] or "") for match in found.values()}
    if len(adapters) == 1 and bare.isdisjoint(names):
        new = {adapters[0]: ""}
    else:
        new = {adapter: f".default_{number}" for number, adapter in enumerate(adapters)}
    if given_names(found):
        names |= {key: match["start"] + new[match["adapter"]] + (match["end"] or "") for key, match in found.items()}
    return names


def _needed(path: Path, header: Header, names: Mapping[str, str]) -> dict[str, str]:
    """The metadata without which the tensors would be read otherwise, reduced to numbers and names of tensors."""
    metadata = header.metadata
    format_of = {"format": metadata["format"] if metadata.get("format") in FORMATS else "pt"}
    needed = format_of | _meaning_kept(path, header, names)
    for part in {match["part"] for key in names if (match := NUMBERED.match(key))}:
        classes = re.fullmatch(r'\[("\w{1,64}"(, )?){1,16}\]', metadata.get(part, ""))
        needed |= {part: classes[0]} if classes else {}
        rank = re.compile(rf"{part}:\d{{1,6}}:rank")
        needed |= {key: n for key, n in metadata.items() if rank.fullmatch(key) and re.fullmatch(r"\d{1,6}", n)}
    return needed


def _meaning_kept(path: Path, header: Header, names: Mapping[str, str]) -> dict[str, str]:
    """Settings and alphas with which the copy is read as the file is, or refused as it is; no more than it takes."""
    name, metadata = path.name, header.metadata
    keys = _read_keys(name, header, names)
    peft_names = keys.layout == "peft" if keys else any(key.startswith("base_model.model.") for key in names)
    config: dict[str, Any] | None
    try:
        config = read_settings(path, name, metadata, peft_names=peft_names)
    except LoraFileError:
        config = None
    table = None if config is None else reduced(name, config, names.values())
    said = stated_alpha(metadata)
    settings = {} if table == {} else {METADATA: json.dumps(table, indent=2)}  # what cannot be read becomes null
    alphas = {} if said is None else said.as_metadata()
    if keys is None:  # the names of its tensors refuse it: other programs may read it
        scaled = {key.removesuffix(".alpha") for key in names if key.endswith(".alpha")}
        if scaled and {re.sub(r"[._]lora[._].*$", "", key) for key in names if not key.endswith(".alpha")} <= scaled:
            return {}  # every loader takes these
        return alphas if not table else settings
    wanted = _meaning(header, keys, config, metadata)
    for kept in ({}, settings, alphas, settings | alphas):
        if _meaning(header, keys, table if METADATA in kept else {}, kept) == wanted:
            return kept
    raise LoraFileError(
        f"No clean copy of {name} can be made: without the rest of its metadata it would be drawn at another strength.",
        "Export it again with an alpha for each layer.",
    )


def _read_keys(name: str, header: Header, names: Iterable[str]) -> Keys | None:
    """The layers of the file; None where the names or shapes of its tensors are no plain LoRA's."""
    try:
        keys = sort_keys(name, names)
        file_shapes(name, header, keys)
    except LoraFileError:
        return None
    return keys


def _meaning(
    header: Header, keys: Keys, config: Mapping[str, Any] | None, metadata: Mapping[str, str]
) -> tuple[dict[str, float], str] | None:
    """The alphas that are no tensors, and what is said of them; None where the settings are refused."""
    if config is None:
        return None
    ranks = {module: header.entries[parts["A"]].shape[0] for module, parts in keys.parts.items()}
    try:
        return file_alphas("", ranks, config, dict.fromkeys(keys.with_alphas(), 1.0), metadata)
    except LoraFileError:
        return None


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise LoraFileError(f"{source.name} cannot be read: {error.strerror or error}.", AGAIN) from error


def _copy(name: str, source: BinaryIO, target: BinaryIO, begin: int, length: int) -> None:
    try:
        source.seek(begin)
    except OSError as error:
        raise LoraFileError(f"{name} cannot be read: {error.strerror or error}.", AGAIN) from error
    while length:
        try:
            block = source.read(min(length, CHUNK))
        except OSError as error:
            raise LoraFileError(f"{name} cannot be read: {error.strerror or error}.", AGAIN) from error
        if not block:
            raise LoraFileError(f"{shown(name)} became shorter while it was copied.", AGAIN)
        target.write(block)
        length -= len(block)
