"""Paths in a text, and the accounts that they name.

Any absolute path counts, on any machine: a list of roots would leave out every machine that is not on it. Each pattern
takes time that is linear in the text, since the text is a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from demo.lora.metadata.said import word_set

LONGEST = 400  # characters of a path that are kept
# What ends a path inside a sentence. Blanks do so too, but not after a drive: Windows' folders are full of them.
END = r"\s\"'<>|*?,;:`"
NAMED = rf"[^{END}/\\]{{1,255}}"
REST = rf"[^{END}]{{0,300}}"
AFTER_DRIVE = r"(?:[^\"'<>|*?\r\n\t,;:`]|[,;](?! )){1,300}"

PATH = re.compile(
    rf"file:/{{1,3}}[^\s\"'<>]{{1,{LONGEST}}}"
    rf"|(?<![A-Za-z0-9])[A-Za-z]:[\\/]{{1,4}}{AFTER_DRIVE}"  # a drive
    rf"|\\{{2,4}}[?.]\\{{1,2}}[\w{{][\w{{}}-]{{0,63}}:?[\\/]{{1,2}}{AFTER_DRIVE}"  # a device: C:, UNC, a volume
    rf"|(?<![\\\w])\\{{2,4}}[\w.$@-]{{1,64}}\\{{1,2}}{AFTER_DRIVE}"  # a share
    rf"|(?<![:/\w.\\])//[\w.$@-]{{1,64}}/{NAMED}{REST}"  # a share, with slashes
    rf"|(?<![\w/~.])~(?:[A-Za-z_][\w.-]{{0,31}})?[\\/]{NAMED}{REST}"  # somebody's home
    rf"|%[A-Za-z_()0-9]{{2,32}}%[\\/]{{1,4}}{AFTER_DRIVE}"  # Windows' variables
    rf"|\$(?:env:)?\{{?[A-Za-z_]\w{{0,31}}\}}?[\\/]{NAMED}{REST}"  # the shell's
    rf"|(?<![\w/.\\])(?:\.\.[\\/]){{1,16}}{NAMED}{REST}"  # up from the folder of the training
    rf"|(?<![\w/.\\])\.[\\/]{NAMED}[\\/]{NAMED}{REST}"
    rf"|(?<![\w/.~\\)\]}}>%$*-])/{NAMED}/{NAMED}{REST}"
)
# A path behind a scheme that is no link: a data base, an archive, a file on a remote machine.
SCHEME = re.compile(
    rf"(?<![A-Za-z0-9+.-])(?!https?:|wss?:|file:)[A-Za-z][A-Za-z0-9+.-]{{1,30}}://[^\s\"'<>`,]{{1,{LONGEST}}}", re.I
)
WHOLE_SCHEME = re.compile(rf"(?!https?:|wss?:|file:)[a-z][a-z0-9+.-]{{1,30}}://[^\r\n\t\"'<>|*`]{{1,{LONGEST}}}", re.I)
# A whole value that is one path may hold blanks. Two components at least.
WHOLE = re.compile(
    r"(?:[A-Za-z]:[\\/]|\\\\[\w.$-]|~(?:[A-Za-z_][\w.-]{0,31})?[\\/]|\.\.[\\/]|/[^\s/\\][^/\\]{0,254}[\\/]|%\w{2,32}%[\\/])"
    r"[^\r\n\t\"<>|*?:]{1,400}"
)
HOMES = re.compile(
    r"(?:^|[\\/])(?:homes?\d{0,2}|users|documents and settings)[\\/]{1,4}([^\\/\"'<>|:*?,;\r\n]{1,64})(?=([\\/]?))",
    re.I,
)
MEDIA = re.compile(r"^/(?:run/)?media/([^/]{1,64})/[^/]")
HADOOP = re.compile(r"^[A-Za-z][\w+.-]{1,30}://[^/]{0,255}/user/([^/?#]{1,64})")
LOGIN = re.compile(r"[A-Za-z][\w+.-]{0,30}://([^\s/@:?#]{1,64})(?::[^\s/@]{0,200})?@")
TILDE = re.compile(r"^~([A-Za-z_][\w.-]{0,31})[\\/]")
STUDIO = re.compile(r"^/teamspace/(?:studios|teams|users)/([^/]{1,64})")
RELATIVE_HOME = re.compile(
    r"(?:(?<![\w.~/\\$%{}-])|(?<![\w\\:.])\\)(?:home|users)[\\/]{1,4}[^\\/\s\"'<>|:*?,;]{1,64}[\\/]", re.I
)

# Accounts that images of systems, services and containers come with: they name nobody.
GENERIC = word_set(
    "root public ubuntu runner user users admin administrator default guest ec2-user jovyan colab kaggle vagrant "
    "docker app node www-data nobody pi sagemaker-user vscode codespace gitpod coder azureuser opc centos debian "
    "fedora mambauser paperspace runpod shared this_studio defaultuser0 appuser work workspace data lambda trainer git"
)
SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,11}$")
NAME_WORDS = 3  # that an account at the end of a path may have; more of them are a sentence
LETTER = re.compile(r"[^\W\d_]")


def paths(text: str) -> Iterator[str]:
    """Paths in a text without links, in their order."""
    whole = text.strip()
    if len(whole) <= LONGEST and WHOLE.fullmatch(whole) and LETTER.search(whole):
        yield whole
        return
    for match in PATH.finditer(text):
        path = match[0].rstrip(".!)]}")[:LONGEST].rstrip()
        if _names_something(path):
            yield path


def user(path: str, *, whole: bool = False) -> str | None:
    """The account that a path names, if it is a person's.

    Args:
        whole: the path is a whole value, so that no sentence goes on behind it.
    """
    if path[:5].lower() == "file:":
        path = "/" + unquote(path[5:]).lstrip("/")
    elif "://" in path:
        path = unquote(path)
    for pattern in (HOMES, MEDIA, TILDE, STUDIO, HADOOP):
        match = pattern.search(path)
        if match is None:
            continue
        name = match[1].strip()
        if pattern is HOMES and not match[2]:  # the path ends here: a sentence may go on, and a file is no account
            words = name.split()
            name = name if whole and len(words) <= NAME_WORDS else "".join(words[:1])
            if SUFFIX.search(name) and "." in name.lstrip("."):
                continue
        name = name.rstrip(".!)]}")
        if name and name.lower() not in GENERIC and name[0] not in "$%{<[":
            return name
    return None


def relative_homes(text: str) -> Iterator[str]:
    """Paths below a folder of accounts that lack their root or drive, such as ``Users/mia/``."""
    for match in RELATIVE_HOME.finditer(text):
        yield match[0]


def schemes(text: str) -> Iterator[str]:
    """Paths behind schemes such as ``sqlite:///``, in their order; links of the web are none."""
    whole = text.strip()
    if WHOLE_SCHEME.fullmatch(whole) and whole.count("://") == 1:
        yield whole
        return
    for match in SCHEME.finditer(text):
        yield match[0].rstrip(".,;:!)]}")


def login(link: str) -> str | None:
    """The account in a link, if it is a person's: ``ssh://mia@host``."""
    match = LOGIN.match(link)
    name = unquote(match[1]).strip() if match else ""
    return name if name and name.lower() not in GENERIC and name[0] not in "$%{<[" else None


def _names_something(path: str) -> bool:
    """Whether a path has a word in it: ``/1/2`` has none."""
    return LETTER.search(path.split(":", 1)[-1]) is not None
