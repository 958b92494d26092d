"""What is looked for in every text of the metadata, under whatever key: paths, addresses, tokens, links, pictures.

Each pattern takes time that is linear in the text: the text is a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import chain

from demo.lora.metadata.defaults import public_link
from demo.lora.metadata.paths import GENERIC, SCHEME, login, paths, relative_homes, schemes, user
from demo.lora.metadata.said import Said, word_set

# A text without any of these holds nothing that the searches look for.
WORTH = re.compile(r"[/\\@]|data:|hf_|gh[pousr]_|github_pat_|sk-|AKIA|AIza|iVBOR|xox[bp]-|glpat-")
PICTURE = re.compile(r"data:(image/[a-z+.-]{1,20})[^,\s]{0,60},?[A-Za-z0-9+/=_-]*")
DATA = re.compile(r"data:[\w.+/-]{0,60};base64,[A-Za-z0-9+/=_-]*")
LINK = re.compile(
    r"\b(?:https?|ftps?|sftp|ssh|git|s3|gs|gcs|hf|wss?|gdrive|oss|abfss?|wandb|dropbox)://[^\s\"'<>\\`,]{1,400}"
    r"|\bgit@[\w.-]{1,100}:[^\s\"'<>\\`]{1,200}",
    re.I,
)
SHARE = re.compile(r"\b(?:smb|nfs|afp|cifs)://[^\s\"'<>`]{1,400}", re.I)
LOGIN = re.compile(r"://[^\s/@:]{1,64}:[^\s/@]{1,200}@")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.([^\W\d_]{2,24})(?![\w-])")
REMOTE = re.compile(r"(?<![\w.+-])([A-Za-z_][\w.-]{0,31})@[\w.-]{1,100}:[/~]")  # as scp and rsync take it
NO_DOMAIN = word_set("safetensors ckpt pt pth bin png jpg jpeg webp py json yaml yml toml txt gguf onnx")
TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_|gh[pousr]_|github_pat_|sk-|xox[bp]-|glpat-)[A-Za-z0-9_-]{16,200}"
    r"|(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])"
    r"|(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,60}"
)
# The first characters of PNG, JPEG, GIF, WebP, AVIF and HEIF in base64.
BLOB = re.compile(r"(?:iVBORw0KGgo|/9j/[24]|R0lGOD|UklGR|AAAA[A-Z]Gf?Z0eX)[A-Za-z0-9+/_-]*={0,2}")
BLOB_CHARACTERS = 100  # shorter ones hold no picture


def search(text: str, where: str) -> Iterator[Said]:
    """What a text holds: each hit with ``where`` as its place."""
    if not WORTH.search(text):
        return
    if "data:" in text or len(text) >= BLOB_CHARACTERS:
        for shown in _pictures(text):
            yield Said(
                "picture", "A picture inside the file", where, shown, "A preview, usually one of the person.", "high"
            )
        text = DATA.sub(" ", text)
        text = BLOB.sub(lambda m: " " if len(m[0]) >= BLOB_CHARACTERS else m[0], text)
    if "@" in text:
        why = "Leads to a person."
        for match in MAIL.finditer(text):
            if match[1].lower() not in NO_DOMAIN and not match[0].lower().startswith("git@"):
                yield Said("mail", "An e-mail address", where, match[0], why, "high")
        for match in REMOTE.finditer(text):
            if match[1].lower() not in GENERIC:
                yield _user(where, match[1], "from an address")
    for token in TOKEN.findall(text):
        why = "Whoever has it can act as its owner: revoke it."
        yield Said("token", "An access token", where, token, why, "high")
    if "/" not in text and "\\" not in text:
        return
    text = yield from _links(text, where)
    yield from _paths(text, where)


def picture_blob(text: str) -> bool:
    """Whether a text is a picture in base64, and nothing else."""
    return len(text) >= BLOB_CHARACTERS and BLOB.fullmatch(text.strip()) is not None


def _pictures(text: str) -> Iterator[str]:
    for match in PICTURE.finditer(text):
        yield f"data:{match[1]}, {len(match[0]):,} characters"
    for match in BLOB.finditer(DATA.sub(" ", text) if "data:" in text else text):
        if len(match[0]) >= BLOB_CHARACTERS:
            yield f"{match[0][:20]}…, {len(match[0]):,} characters"


def _links(text: str, where: str) -> Generator[Said, None, str]:
    """Links, and then the text without them: a path inside a link is none of the machine's."""
    if "://" not in text and "git@" not in text:
        return text
    for match in LINK.finditer(text):
        link = match[0].rstrip(".,;:!)]}")
        if LOGIN.search(link):
            why = "Whoever has it can act as its owner: change the password."
            yield Said("token", "A password in a link", where, link, why, "high")
        elif not public_link(link):
            why = "Leads to an account, a data set or a page about the file."
            yield Said("link", "A link", where, link, why, "medium")
        if name := login(link):
            yield _user(where, name, "from an address")
    for path in schemes(text):
        whole = path == text.strip()
        name = user(path, whole=whole)
        known = LINK.match(path) is not None
        if (name or not known) and not SHARE.match(path) and _goes_on(path):
            yield _path(where, path)
        if not known and LOGIN.search(path):
            why = "Whoever has it can act as its owner: change the password."
            yield Said("token", "A password in a link", where, path, why, "high")
        for account in {name, None if known else login(path)} - {None}:
            yield _user(where, str(account), "from a path")
        if whole and not SHARE.match(path):
            return " "
    return SCHEME.sub(lambda m: m[0] if SHARE.match(m[0]) else " ", LINK.sub(" ", text))


def _goes_on(path: str) -> bool:
    """Whether a path behind a scheme has more than a host."""
    return re.search(r"[^\W\d_]", path.partition("://")[2].partition("/")[2]) is not None


def _paths(text: str, where: str) -> Iterator[Said]:
    shares = (match[0] for match in SHARE.finditer(text))
    for path in chain(shares, paths(SHARE.sub(" ", text) if "://" in text else text)):
        yield _path(where, path)
        if name := user(path, whole=path == text.strip()):
            yield _user(where, name, "from a path")
    for path in relative_homes(text):
        if name := user(path):
            yield _user(where, name, "from a path")


def _path(where: str, path: str) -> Said:
    why = "Folders of the machine that trained the file; their names tell of people and projects."
    return Said("path", "A path", where, path, why, "medium")


def _user(where: str, name: str, source: str) -> Said:
    why = "The name of an account on a machine that the training used."
    return Said("user", f"A user's name, {source}", where, name, why, "high")
