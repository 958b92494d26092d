from __future__ import annotations

import json
import time

import pytest

from demo.lora.metadata.leak import MOST, scan_metadata
from demo.lora.metadata.leaves import UNREAD, Budget, leaves, parsed


def test_every_leaf_has_its_way() -> None:
    tree = parsed('{"a": [1, {"b": "x"}], "c": "{\\"d\\": \\"y\\"}"}')
    found = {leaf.where: leaf.value for leaf in leaves("k", tree, Budget()) if not leaf.key}
    assert found == {"k.a.0": 1, "k.a.1.b": "x", "k.c.d": "y"}


@pytest.mark.parametrize("text", ["", "hello", "{", '{"a": }', "[" * 100_000, "{'a': __import__('os')}", "(1, 2)"])
def test_other_texts_are_no_tree(text: str) -> None:
    assert parsed(text) is UNREAD


def test_what_is_not_looked_through_is_said() -> None:
    def unread(metadata: dict[str, str]) -> list[str]:
        return [finding.value for finding in scan_metadata(metadata) if finding.kind == "unread"]

    assert unread({"x": "a /home/mia/x " * 10}) == []
    assert unread({"x": "word " * 2**21, "y": "z"}) == ["x, y"]
    assert unread({"ot_config": json.dumps({f"k{n}": f"a b{n}" for n in range(60_000)})}) == ["ot_config"]
    assert unread({f"key{n}": "value" for n in range(60_000)})[0].endswith("more")
    deep: object = "a b"
    for _ in range(300):
        deep = [deep]
    assert unread({"x": json.dumps(deep)}) == ["x"]


def test_that_more_is_left_is_said_even_after_all_else_is_cut() -> None:
    found = scan_metadata({f"author{n}": f"name {n}" for n in range(60_000)})
    assert len(found) == MOST + 2
    assert [finding.what for finding in found[-2:]] == ["Not looked through further", "Still more"]


def test_text_too_deep_to_be_walked_is_still_searched() -> None:
    deep: object = "/home/mia/x"
    for _ in range(300):
        deep = [deep]
    assert {f.value for f in scan_metadata({"x": json.dumps(deep)}) if f.kind == "user"} == {"mia"}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key{n}": f"/home/u{n}/x" for n in range(100_000)},
        {"ot_config": json.dumps([f"/home/u{n}/x" for n in range(100_000)])},
        {"ss_tag_frequency": json.dumps({"10_x": {f"tag {n}": n for n in range(100_000)}})},
        {"x": "hello /home/mia/x " * 2**19},
        {"x": '{"a":' * 100_000},
        {"x": "[" * 2**21},
        {"x": json.dumps({"k" * 2**20: ["a b"] * 1000})},
        {"ssmd_cover_images": '["iVBORw0KGgo' + "A" * 2**23 + '"]'},
    ],
)
def test_hostile_metadata_end_soon(metadata: dict[str, str]) -> None:
    began = time.process_time()
    scan_metadata(metadata)
    megabytes = sum(map(len, (*metadata, *metadata.values()))) / 2**20
    assert time.process_time() - began < max(6.0, 2 * megabytes)  # a few seconds, however large


def test_keys_inside_a_text_that_is_no_json_are_read() -> None:
    yaml = "job: x\nconfig:\n  trigger_word: qux\n  prompts:\n    - a photo of quux\n" + "  # more\n" * 100
    command = "train.py --instance_prompt='a photo of qux' --author=mia --steps 10"
    found = scan_metadata({"config": yaml, "command": command})
    assert {(f.kind, f.value, f.where) for f in found if f.severity == "high"} == {
        ("trigger", "qux", "config.trigger_word"),
        ("caption", "a photo of quux", "config.prompts"),
        ("trigger", "a photo of qux", "command.instance_prompt"),
        ("author", "mia", "command.author"),
    }
