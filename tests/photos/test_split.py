from __future__ import annotations

import pytest

from demo.photos.split import split_photos


@pytest.mark.parametrize(
    ("have", "wanted", "used", "scored", "note"),
    [
        (8, 5, "01234", "567", "Fine-tuned on the first 5 photos; scored against 3 others"),
        (
            7,
            5,
            "01234",
            "0123456",
            "the first 5 of 7 photos. Too few photos are left to score with them alone: scored against all 7",
        ),
        (6, 5, "01234", "012345", "the first 5 of 6 photos"),  # an example person's
        (6, 3, "012", "345", "scored against 3 others"),
        (5, 5, "01234", "01234", "scored against the 5 photos that were fine-tuned on"),
        (4, 5, "0123", "0123", "scored against the 4 photos that were fine-tuned on"),
    ],
)
def test_every_photo_is_fine_tuned_on_or_scores_and_the_note_says_which(
    have: int, wanted: int, used: str, scored: str, note: str
) -> None:
    tuned_on, scored_on, said = split_photos(list("01234567"[:have]), wanted)
    assert ("".join(tuned_on), "".join(scored_on)) == (used, scored)
    assert note in said
    assert set(used) | set(scored) == set("01234567"[:have])
    assert split_photos(tuned_on) == split_photos(tuned_on, 5)
