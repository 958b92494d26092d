from __future__ import annotations

from markup import Html

from demo.lora.metadata.leak import Finding, scan_metadata
from demo.ui import attack_metadata

EVIL = "<script>alert('x')</script>\"'&<img src=x onerror=alert(1)>"


def test_every_finding_is_there_with_its_gravity_in_words() -> None:
    metadata = {"ss_output_name": "zorblax", "ss_seed": "7", "ss_learning_rate": "0.1"}
    said = scan_metadata(metadata)
    text = attack_metadata.panel(said, metadata)
    words = Html(text).words
    for finding in said:
        for part in (finding.what, finding.value, finding.where, finding.why):
            assert part in words
    assert all(word in words for word in ("High", "Medium", "Low", "Metadata leak: what the file says by itself"))
    assert 'class="ll-note bad"' in text


def test_a_silent_file_is_said_to_be_silent() -> None:
    text = attack_metadata.panel((), {})
    assert "nothing but ranks, alphas and layers" in Html(text).words
    assert 'class="ll-note good"' in text


def test_no_text_of_a_file_becomes_markup() -> None:
    metadata = {EVIL: EVIL, "ss_output_name": EVIL, "ss_tag_frequency": f'{{"{EVIL[:8]}": {{"<b>": 3}}}}'}
    odd = Finding("other", EVIL, EVIL, EVIL, EVIL, "high")
    text = attack_metadata.panel((odd, *scan_metadata(metadata)), metadata)
    page = Html(text)
    assert page.images == []
    for tag in ("<script", "<img", "<b>"):
        assert tag not in text
        assert tag in page.words


def test_much_metadata_is_cut() -> None:
    text = attack_metadata.panel((), {f"key {i}": "x" * 10_000 for i in range(1000)})
    assert len(text) < 1_000_000
    assert "And 700 keys more." in text
