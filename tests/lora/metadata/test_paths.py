from __future__ import annotations

import pytest

from demo.lora.metadata.leak import scan_metadata
from demo.lora.metadata.paths import paths, user


def found(text: str, kind: str) -> set[str]:
    return {finding.value for finding in scan_metadata({"anything": text}) if finding.kind == kind}


@pytest.mark.parametrize(
    "path",
    [
        "/home/mia/set",
        "/Volumes/Mia Disk/set",
        "/any/where",
        "/srv/photos/mia/",
        "/kaggle/working/mia",
        "/gdrive/MyDrive",
        "/teamspace/studios/this_studio/mia",
        "/mnt/c/Users/mia",
        "C:\\Users\\Mia Q\\set",
        "d:/sets/mia",
        "\\\\nas\\photos\\mia",
        "\\\\wsl$\\Ubuntu\\home\\mia",
        "//nas/photos/mia",
        "smb://nas/photos/mia",
        "file:///home/mia/set.json",
        "~/sets/mia",
        "~mia/sets",
        "%USERPROFILE%\\sets",
        "\\\\?\\C:\\Users\\mia",
        "$HOME/sets/mia",
        "${DATA}/mia",
        "../mia/photos/",
        "./sets/mia",
        "/файлы/миа",
    ],
)
def test_any_path_of_any_machine_counts(path: str) -> None:
    assert found(path, "path") == {path}
    assert path.partition(" ")[0] in "".join(found(f"see ({path}), please", "path"))


@pytest.mark.parametrize(
    "text",
    [
        "10/12/2024",
        "and/or",
        "1/2",
        "/1/2",
        "cpu/gpu",
        "w/o a hat",
        "16/9",
        "runwayml/stable-diffusion-v1-5",
        "image/png",
        "data:image/jpeg;base64,/9j/4AAQSkZJRg/abc/def",
        "https://example.org/home/mia/x",
        "</b></i>",
        "networks.lora",
        "a : b / c",
        "~5/10 pictures",
        "LoRA@1690000000.5",
        "stable-diffusion-v1/lora",
        "N/A",
    ],
)
def test_what_only_looks_like_a_path_is_none(text: str) -> None:
    assert found(text, "path") == set()
    assert found(text, "user") == set()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/mia/x", "mia"),
        ("/home/mia", "mia"),
        ("/export/home/mia/x", "mia"),
        ("/Users/mia.q/x", "mia.q"),
        ("C:\\Users\\Mia Q\\x", "Mia Q"),
        ("C:\\Documents and Settings\\mia\\x", "mia"),
        ("/mnt/c/Users/mia/x", "mia"),
        ("\\\\wsl$\\Ubuntu\\home\\mia\\x", "mia"),
        ("/media/mia/DISK/x", "mia"),
        ("/run/media/mia/DISK/x", "mia"),
        ("~mia/x", "mia"),
        ("file:///C:/Users/mia%20q/x", "mia q"),
        ("/teamspace/studios/mia/x", "mia"),
        ("/root/x", None),
        ("/home/runner/work", None),
        ("/home/ubuntu/x", None),
        ("C:\\Users\\Public\\x", None),
        ("/teamspace/studios/this_studio/x", None),
        ("~/x", None),
        ("%USERPROFILE%\\x", None),
        ("/srv/home/page.html", None),
    ],
)
def test_the_account_of_a_path(path: str, name: str | None) -> None:
    assert user(path) == name


def test_a_path_that_lacks_its_root_still_names_the_account() -> None:
    assert found("Users/mia/photos", "user") == found("\\Users\\mia\\photos", "user") == {"mia"}


def test_an_account_in_an_address_of_a_machine_counts() -> None:
    assert found("rsync mia@box:/srv/x", "user") == {"mia"}
    assert found("git@example.org:team/x.git", "user") == found("root@box:/srv/x", "user") == set()


def test_all_paths_of_one_text_are_found() -> None:
    text = ", ".join(f"/srv/mia/{n}" for n in range(20)) + " and 'C:\\a\\b', \"D:\\c\\d\""
    assert len(found(text, "path")) == 22


def test_escapes_are_decoded_even_where_json_is_broken() -> None:
    for text in ('{"a": "C:\\\\Users\\\\mia\\\\x"}', '{"a": "C:\\\\Users\\\\mia\\\\x"', '["C:\\\\Users\\\\mia\\\\x"'):
        assert found(text, "path") == {"C:\\Users\\mia\\x"}
        assert found(text, "user") == {"mia"}


def test_a_path_is_kept_to_a_length() -> None:
    assert all(len(path) <= 400 for path in paths("/a/" + "b" * 10_000 + " /c/" + "d/" * 5_000))


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("sqlite:////home/mia/optuna.db", None, "mia"),
        ("storage=sqlite:////home/mia/optuna.db", "sqlite:////home/mia/optuna.db", "mia"),
        ("see sqlite+pysqlite:////home/mia/x.db, please", "sqlite+pysqlite:////home/mia/x.db", "mia"),
        ("zip:///home/mia/x.zip", None, "mia"),
        ("zip:///home/mia m\u00fcller/x.zip", None, "mia m\u00fcller"),
        ("vscode-remote://wsl+Ubuntu/home/mia/p.toml", None, "mia"),
        ("vscode-remote://wsl%2BUbuntu/home/mia%20q/p.toml", None, "mia q"),
        ("hdfs://nn/user/mia", None, "mia"),
        ("hdfs://nn:8020/user/mia/sets", None, "mia"),
        ("sftp://nas/home/mia/x", None, "mia"),
        ("jar:file:///home/mia/x.jar", "file:///home/mia/x.jar", "mia"),
        ("dbfs://mnt/mia/x", None, None),
        ("duckdb:///C:/Users/mia/x.db", None, "mia"),
    ],
)
def test_a_path_behind_any_scheme_counts(text: str, path: str | None, name: str | None) -> None:
    assert found(text, "path") == {path or text}
    assert found(text, "user") == ({name} if name else set())


def test_the_account_of_a_link_is_said() -> None:
    for text in ("ssh://mia@host/x", "rsync ssh://mia@host:22/x", "https://mia@example.org/x", "rsync://mia@host/x"):
        assert found(text, "user") == {"mia"}
    assert found("ssh://git@example.org/x", "user") == found("https://example.org/home/mia/x", "user") == set()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("\\\\?\\UNC\\nas\\share\\mia", None),
        ("\\\\?\\UNC\\nas\\Users\\mia\\x", "mia"),
        ("\\\\?\\C:\\Users\\mia", "mia"),
        ("\\\\.\\C:\\Users\\mia\\x", "mia"),
        ("\\\\?\\Volume{26a21bda-a627-11d7}\\Users\\mia\\x", "mia"),
    ],
)
def test_windows_long_paths_count(path: str, name: str | None) -> None:
    for text in (path, f"dir={path}", f"see {path}"):
        assert found(text, "path") == {path}
        assert found(text, "user") == ({name} if name else set())


def test_an_account_with_a_blank_is_whole_where_the_value_ends() -> None:
    assert found("C:\\Users\\Mia M\u00fcller", "user") == {"Mia M\u00fcller"}
    assert found("/home/mia m\u00fcller", "user") == {"mia m\u00fcller"}
    assert found("\\\\?\\C:\\Users\\Mia M\u00fcller", "user") == {"Mia M\u00fcller"}
    assert found("trained in /home/mia and kept there", "user") == {"mia"}
    assert found("C:\\Users\\mia is where it all was kept", "user") == {"mia"}
