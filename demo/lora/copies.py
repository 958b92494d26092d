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
from demo.lora.foreign import NUMBERED
from demo.lora.header import AGAIN, Header, read_header, shown
from demo.lora.header_alphas import stated_alpha
from demo.lora.metadata.leak import excerpt
from demo.lora.peft_settings import OTHERWISE, OTHERWISE_IF_GIVEN
from demo.lora.settings_file import METADATA, read_settings

CHUNK = 2**20
FORMATS = {"pt", "np", "tf", "mlx", "flax"}
COMPONENTS = {"", "unet", "prior", "controlnet", *(f"text_encoder{n}" for n in ("", "_2", "_3"))}
COMPONENTS |= {"transformer", "transformer_2"}
# An embedding under the word that calls it; a name without a dot is such a word, too, but for these.
WORD = re.compile(r"^bundle_emb\.|^<.*>$|^[^.:]+$")
NO_WORDS = {"emb_params", "clip_l", "clip_g"}
BEGINNING = re.compile(r"pissa(_niter_\d{1,3})?|corda|olora|loftq|lora_ga")


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
    words = {key: None for key in header.entries if WORD.search(key) and key not in NO_WORDS}
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
    needed = {"format": metadata["format"] if metadata.get("format") in FORMATS else "pt"}
    scaled = {key.removesuffix(".alpha") for key in names if key.endswith(".alpha")}
    if scaled and {re.sub(r"[._]lora[._].*$", "", key) for key in names if not key.endswith(".alpha")} <= scaled:
        return needed  # every loader takes these
    try:
        beside = any(key.startswith("base_model.model.") for key in names)
        settings = _reduced(read_settings(path, path.name, metadata, beside=beside), names.values())
    except LoraFileError:  # nor can any other program read them
        settings = {}
    said = stated_alpha(metadata)
    if settings:
        needed[METADATA] = json.dumps(settings, indent=2, sort_keys=True)
    elif said is not None:
        needed |= said.as_metadata()
    for part in {match["part"] for key in names if (match := NUMBERED.match(key))}:
        classes = re.fullmatch(r'\[("\w{1,64}"(, )?){1,16}\]', metadata.get(part, ""))
        needed |= {part: classes[0]} if classes else {}
        rank = re.compile(rf"{part}:\d{{1,6}}:rank")
        needed |= {key: n for key, n in metadata.items() if rank.fullmatch(key) and re.fullmatch(r"\d{1,6}", n)}
    return needed


def _reduced(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """PEFT's settings that bear on what the matrices mean."""
    endings = _endings(names)
    kept: dict[str, Any] = {}
    for key, value in settings.items():
        component, _, leaf = key.rpartition(".")
        if component not in COMPONENTS:
            continue
        if (leaf in {"r", "lora_alpha"} and _is_number(value)) or (leaf == "use_rslora" and value is True):
            kept[key] = value
        elif leaf in {"rank_pattern", "alpha_pattern"} and isinstance(value, dict):
            kept[key] = {to: n for to, n in value.items() if _plain(to) in endings and _is_number(n)}
        elif leaf == "target_modules" and isinstance(value, list):
            kept[key] = [to for to in value if isinstance(to, str) and _plain(to) in endings]
        elif leaf == "init_lora_weights" and isinstance(value, str) and (way := BEGINNING.match(value.lower())):
            kept[key] = way[0]
        # What makes it more than a plain LoRA stays said, so that the copy is not taken for one.
        elif leaf in OTHERWISE and value:
            kept[key] = _bare(value, endings) or True
        elif leaf in OTHERWISE_IF_GIVEN and value is not None:
            kept[key] = {}
    return kept if any(key.rpartition(".")[2] in {"r", "lora_alpha"} for key in kept) else {}


def _bare(value: Any, endings: set[str]) -> Any:
    """Numbers, and names of modules."""
    if isinstance(value, list):
        return [kept for inner in value if (kept := _bare(inner, endings)) is not None]
    known = isinstance(value, int) or (isinstance(value, str) and _plain(value) in endings)
    return value if known else None


def _endings(names: Iterable[str]) -> set[str]:
    """The ends of the paths of all modules, which PEFT's patterns name."""
    endings: set[str] = set()
    for name in names:
        steps = _plain(re.sub(r"\.(lora|alpha|dora).*$", "", name)).split(".")
        endings |= {".".join(steps[i:]) for i in range(len(steps))}
    return endings


def _plain(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("text_model.", "")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
