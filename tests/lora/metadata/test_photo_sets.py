from __future__ import annotations

import json
from typing import Any

import pytest

from demo.lora.metadata.leak import Finding, scan_metadata

MINE, THEIRS = "20_ohwx woman", "1_woman"
TAGS = {MINE: {"ohwx woman": 15}, THEIRS: {"woman": 400}}
DIRS = {MINE: {"n_repeats": 20, "img_count": 15}}
REGS = {THEIRS: {"n_repeats": 1, "img_count": 400}}


def of(kind: str, **tables: Any) -> list[Finding]:
    metadata = {key: json.dumps(table) if not isinstance(table, str) else table for key, table in tables.items()}
    return [finding for finding in scan_metadata(metadata) if finding.kind == kind]


def values(kind: str, **tables: Any) -> set[str]:
    return {finding.value for finding in of(kind, **tables)}


def subset(**keys: Any) -> list[dict[str, Any]]:
    return [{"subsets": [{"img_count": 3, "num_repeats": 2, "is_reg": False} | keys]}]


BOTH_WAYS = [
    {"ss_dataset_dirs": DIRS, "ss_reg_dataset_dirs": REGS, "ss_tag_frequency": TAGS},
    {"ss_dataset_dirs": DIRS, "ss_reg_dataset_dirs": json.dumps(json.dumps(REGS)), "ss_tag_frequency": TAGS},
    {
        "ss_dataset_dirs": DIRS,
        "ss_datasets": [
            {
                "tag_frequency": TAGS,
                "subsets": [
                    {"image_dir": MINE, "class_tokens": "ohwx woman", "is_reg": False, "img_count": 15},
                    {"image_dir": f"D:\\sets\\{THEIRS}", "class_tokens": "woman", "is_reg": True, "img_count": 400},
                ],
            }
        ],
    },
    {
        "ss_tag_frequency": TAGS,
        "ss_datasets": [{"subsets": [{"image_dir": THEIRS, "is_reg": True}]}, {"subsets": [{"image_dir": MINE}]}],
    },
]


@pytest.mark.parametrize("tables", BOTH_WAYS)
def test_class_images_are_no_photos_and_no_trigger(tables: dict[str, Any]) -> None:
    triggers = values("trigger", **tables)
    assert "ohwx" in triggers
    assert triggers <= {"ohwx", "ohwx woman"}
    for kind in ("folder", "class", "tags"):
        for finding in of(kind, **tables):
            theirs = THEIRS in finding.value or finding.value in {"woman", "woman (400)"}
            assert (finding.severity == "low") == theirs, finding
    assert values("tags", **tables) == {"ohwx woman (15)"}
    assert "woman (400)" in values("class", **tables)


def test_a_folder_of_both_is_one_of_the_photos_where_the_photos_folders_say_so() -> None:
    same = {"5_qux": {"img_count": 4, "n_repeats": 5}}
    tables = {"ss_dataset_dirs": same, "ss_reg_dataset_dirs": same, "ss_tag_frequency": {"5_qux": {"qux": 4}}}
    assert values("trigger", **tables) == {"qux"}
    assert {f.severity for f in of("folder", **tables)} == {"high"}


def test_the_class_words_of_a_folder_are_no_part_of_the_trigger() -> None:
    assert values("trigger", ss_dataset_dirs={"10_mia smith woman": {}}) == {"mia smith"}
    assert values("trigger", ss_dataset_dirs={"10_photo of qux, man": {}}) == {"qux"}
    # What the class is, the folder of class images says.
    assert values("trigger", ss_dataset_dirs={"10_qux plumber": {}}, ss_reg_dataset_dirs={"1_plumber": {}}) == {"qux"}


def test_the_captions_of_class_images_name_the_class() -> None:
    tags = {"img": {"ohwx plumber": 9, "plumber": 9, "hat": 2}, "reg": {"plumber": 400, "standing": 3}}
    tables = {"ss_tag_frequency": tags, "ss_reg_dataset_dirs": {"reg": {}}, "ss_dataset_dirs": {"img": {}}}
    assert values("trigger", **tables) == {"ohwx plumber"}


def test_a_class_word_alone_is_the_trigger_only_where_no_other_is() -> None:
    assert values("trigger", ss_dataset_dirs={"10_woman": {}}) == {"woman"}
    assert values("trigger", ss_dataset_dirs={"10_woman": {}}, trigger_word="qux") == {"qux"}
    assert values("class", ss_dataset_dirs={"10_woman": {}}, trigger_word="qux") == {"woman"}


def test_tags_of_each_data_set_are_read_without_the_merged_ones() -> None:
    sets = [{"tag_frequency": {"3_zed": {"qux": 9, "solo": 9, "beach": 2}}}, {"tag_frequency": {"b": {"rare": 1}}}]
    assert values("trigger", ss_datasets=sets) == {"qux", "zed"}  # solo stands as often, and is said of anybody
    assert values("tags", ss_datasets=sets) == {"qux (9), solo (9), beach (2)", "rare (1)"}
    assert values("tags", ss_tag_frequency={"qux": 5, "hat": 2}) == {"qux (5), hat (2)"}  # without folders


@pytest.mark.parametrize("place", ["subset", "data set"])
def test_prefix_and_suffix_of_the_captions(place: str) -> None:
    words = {"caption_prefix": "qux, ", "caption_suffix": ", by mia"}
    sets = subset(**words) if place == "subset" else [{"subsets": [{"image_dir": "x"}], **words}]
    assert values("trigger", ss_datasets=sets) == {"qux", "by mia"}
    (low,) = of("class", ss_datasets=subset(is_reg=True, caption_prefix="woman"))
    assert low.severity == "low"


def test_a_long_prefix_is_a_caption() -> None:
    text = "a detailed oil painting of somebody who sits at a table and reads the newspaper in the morning"
    assert values("caption", ss_datasets=subset(caption_prefix=text)) == {text}
    assert values("trigger", ss_datasets=subset(caption_prefix=text)) == set()


def test_what_the_trainer_keeps_in_place_is_the_trigger() -> None:
    sets = subset(image_dir="photos", keep_tokens_separator="|||", secondary_separator=";;;")
    tags = {"photos": {"qux ||| 1girl": 3, "hat;;;scarf": 3, "sea": 3}}
    assert values("trigger", ss_datasets=sets, ss_tag_frequency=tags) == {"qux"}
    (line,) = values("tags", ss_datasets=sets, ss_tag_frequency=tags)
    assert {"qux (3)", "hat (3)", "scarf (3)"} <= set(line.split(", "))
    first = {"photos": {"qux": 3, "1girl": 3, "sea": 3, "hat": 3}}
    assert values("trigger", ss_keep_tokens="1", ss_tag_frequency=first) == {"qux"}
    assert values("trigger", ss_keep_tokens="0", ss_tag_frequency=first) == set()


def test_wildcards_are_read_one_by_one() -> None:
    sets = subset(class_tokens="{qux|quux} woman", enable_wildcard=True)
    assert {"qux", "quux"} <= values("trigger", ss_datasets=sets)


def test_whole_paths_and_lists_are_named() -> None:
    sets = subset(image_dir="/srv/sets/20_ohwx woman", metadata_file="/srv/mia/meta.json")
    assert values("trigger", ss_datasets=sets) == {"ohwx"}
    found = {finding.value: finding.what for finding in of("folder", ss_datasets=sets)}
    assert found == {"/srv/sets/20_ohwx woman": "Folder of the photos", "/srv/mia/meta.json": "List of the photos"}
    assert values("path", ss_datasets=sets) == {"/srv/sets/20_ohwx woman", "/srv/mia/meta.json"}


def test_a_data_set_without_subsets_is_read_too() -> None:
    sets = [{"image_directory": "mia", "num_repeats": 2, "caption_extension": ".txt", "control_directory": "masks"}]
    assert values("folder", ss_datasets=sets) == {"mia", "masks"}


def test_the_folder_that_ai_toolkit_makes_up_is_none() -> None:
    tags = {"1_qux": {"qux": 1}}
    assert values("trigger", ss_tag_frequency=tags) == {"qux"}
    assert values("folder", ss_tag_frequency=tags) == set()
    assert values("folder", ss_tag_frequency=tags, ss_dataset_dirs={"1_qux": {}}) == {"1_qux"}


@pytest.mark.parametrize("text", ["", " ", "None", "null", "{}", "[]", '"{}"', '{"10_x": {}}', '[{"subsets": []}]'])
def test_emptied_keys_say_nothing_but_what_is_left(text: str) -> None:
    for key in ("ss_tag_frequency", "ss_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets"):
        left = {finding.value for finding in scan_metadata({key: text})}
        assert left <= ({"10_x", "x"} if "10_x" in text else set())


def test_what_stands_in_place_of_a_number_or_a_switch_is_said_too() -> None:
    found = scan_metadata(
        {
            "ss_num_train_images": "of mia",
            "ss_dataset_dirs": '{"10_x y": {"n_repeats": "ask mia"}}',
            "ss_datasets": json.dumps(subset(note="for mia", resize_interpolation="mias")),
        }
    )
    for word in ("of mia", "ask mia", "for mia", "mias"):
        assert any(word in finding.value for finding in found), word


def test_many_words_take_a_few_lines() -> None:
    tags = {"10_qux": {f"word number {n}": n + 1 for n in range(500)}}
    lines = [f.value for f in of("tags", ss_tag_frequency=tags)]
    assert len(lines) == 3
    assert all(len(line) <= 200 for line in lines)
    assert lines[0].startswith("word number 499 (500)")
    assert any("more" in line for line in lines)


def test_no_finding_claims_what_the_keys_do_not_say() -> None:
    for finding in of("trigger", ss_dataset_dirs={"10_qux person": {}}):
        assert "first is the trigger" not in finding.why


@pytest.mark.parametrize(("mine", "theirs"), [("img", "img"), ("/a/img", "/b/img"), ("D:\\a\\img", "img/")])
@pytest.mark.parametrize("apart", [True, False])
def test_folders_of_one_name_are_told_apart_by_their_own_subsets(mine: str, theirs: str, apart: bool) -> None:
    own = {"image_dir": mine, "class_tokens": "ohwx woman", "is_reg": False, "img_count": 15}
    other = {"image_dir": theirs, "class_tokens": "woman", "is_reg": True, "img_count": 400}
    tags = [{"img": {"ohwx woman": 15}}, {"img": {"woman": 400}}]
    sets = [{"subsets": [own], "tag_frequency": tags[0]}, {"subsets": [other], "tag_frequency": tags[1]}]
    if not apart:
        sets = [{"subsets": [other, own], "tag_frequency": tags[0]}]
    assert values("trigger", ss_datasets=sets) == {"ohwx woman"}
    assert values("tags", ss_datasets=sets) == {"ohwx woman (15)"}
    assert values("photos", ss_datasets=sets) == {"15 photos, each 1 times an epoch"}
    assert mine in {f.value for f in of("folder", ss_datasets=sets) if f.severity == "high"}
    assert ("woman (400)" in values("class", ss_datasets=sets)) == apart
    merged = {"img": {"ohwx woman": 15, "woman": 400}}
    assert values("trigger", ss_datasets=sets, ss_tag_frequency=merged) == {"ohwx woman"}


@pytest.mark.parametrize(
    ("folder", "word"),
    [
        ("10_girl mia", {"mia"}),
        ("10_Person Mia Schmidt", {"Mia Schmidt"}),
        ("10_woman ohwx", {"ohwx"}),
        ("10_mia schmidt", {"mia schmidt"}),
        ("10_woman mia schmidt person", {"mia schmidt"}),
        ("10_1", set()),
        ("10_1girl", {"1girl"}),
    ],
)
def test_class_words_at_either_end_of_a_folder_s_name_are_not_the_person_s(folder: str, word: set[str]) -> None:
    assert values("trigger", ss_dataset_dirs={folder: {}}) == word


@pytest.mark.parametrize(
    ("words", "trigger"),
    [
        ({"caption_prefix": "zxcv, "}, {"zxcv"}),
        ({"caption_suffix": ", zxcv"}, {"zxcv"}),
        ({"class_tokens": "zxcv woman"}, {"zxcv woman"}),
        ({"caption_prefix": "a photo of a woman, "}, {"a photo of a woman"}),
        ({}, set()),
    ],
)
def test_a_common_word_is_no_trigger_unless_it_stands_in_all_captions(words: dict[str, str], trigger: set[str]) -> None:
    sets = [
        {
            "subsets": [{"image_dir": "/srv/img", "img_count": 15, **words}],
            "tag_frequency": {"img": {"smile": 9, "park": 4}},
        }
    ]
    assert values("trigger", ss_datasets=sets) == trigger
    sets[0]["tag_frequency"] = {"img": {"smile": 15, "park": 4}}
    known = trigger and trigger != {"a photo of a woman"}
    assert ("smile" in values("trigger", ss_datasets=sets)) == (not known)


def test_words_of_the_listed_folders_are_counted_against_their_photos() -> None:
    dirs = {"img": {"n_repeats": 10, "img_count": 15}}
    assert values("trigger", ss_dataset_dirs=dirs, ss_tag_frequency={"img": {"smile": 9, "park": 4}}) == set()
    assert values("trigger", ss_dataset_dirs=dirs, ss_tag_frequency={"img": {"qux": 15, "park": 4}}) == {"qux"}


def test_a_folder_that_is_not_among_the_photos_holds_class_images_where_there_are_some() -> None:
    tables = {
        "ss_dataset_dirs": {"10_qux": {"n_repeats": 10, "img_count": 15}},
        "ss_reg_dataset_dirs": {},
        "ss_tag_frequency": {"10_qux": {"qux": 15}, "1_plumber": {"plumber": 400, "hat": 9}},
    }
    assert values("trigger", **tables, ss_num_reg_images="400") == {"qux"}
    assert "plumber (400), hat (9)" in values("class", **tables, ss_num_reg_images="400")
    assert "plumber" in values("trigger", **tables, ss_num_reg_images="0")
    sets = [{"subsets": [{"image_dir": "mia"}], "num_reg_images": 9, "tag_frequency": {"cls": {"plumber": 9}}}]
    assert values("trigger", ss_datasets=sets) == set()


def test_class_images_are_not_counted_where_only_the_list_of_their_folders_tells_them() -> None:
    subsets = [{"image_dir": "/a/10_qux", "img_count": 15}, {"image_dir": "/a/1_plumber", "img_count": 400}]
    sets = [{"subsets": subsets}]
    regs = {"1_plumber": {"n_repeats": 1, "img_count": 400}}
    assert values("photos", ss_datasets=sets, ss_reg_dataset_dirs=regs) == {"15 photos, each 1 times an epoch"}
    assert values("trigger", ss_datasets=sets, ss_reg_dataset_dirs=regs) == {"qux"}


SUBSET = {"image_dir": "mia", "class_tokens": "qux woman", "is_reg": False}


@pytest.mark.parametrize(
    "stored",
    [
        {"0": {"subsets": [SUBSET]}},
        {"0": {"subsets": {"0": SUBSET}}, "1": {"subsets": []}},
        {"datasets": {"0": {"subsets": [SUBSET]}}},
        {"subsets": SUBSET},
        {"train": [{"subsets": [json.dumps(SUBSET)]}]},
        [json.dumps({"subsets": [SUBSET]})],
        [[{"subsets": [SUBSET]}]],
    ],
)
def test_data_sets_are_read_in_whatever_form_they_are_stored(stored: Any) -> None:
    assert values("trigger", ss_datasets=stored) == {"qux woman"}
    assert values("folder", ss_datasets=stored) == {"mia"}


def test_tags_and_folders_of_several_data_sets_inside_one_key_are_read() -> None:
    tags = {"0": {"10_qux": {"qux": 9}}, "1": {"mia": {"zed": 3}}}
    assert values("tags", ss_tag_frequency=tags) == {"qux (9)", "zed (3)"}
    assert values("folder", ss_tag_frequency=tags) == {"10_qux", "mia"}
    assert "10_qux" in values("folder", ss_dataset_dirs={"0": {"10_qux": {"img_count": 3}}})


def test_tables_inside_each_other_are_no_error_however_deep() -> None:
    deep: dict[str, Any] = {"qux": 1}
    for _ in range(800):
        deep = {"a": deep}
    for key in ("ss_tag_frequency", "ss_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets"):
        scan_metadata({key: json.dumps(deep)})
