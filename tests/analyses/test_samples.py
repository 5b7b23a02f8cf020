# pyright: reportOperatorIssue=false, reportArgumentType=false
import random

from rnnscope.analyses.samples import COPY_CHARS, Sample, copied_from, samples

TEXT = "".join(random.Random(0).choice("abcdefgh ") for _ in range(3000))


def test_a_copied_stretch_is_measured_and_fresh_text_is_not():
    fresh = "".join(random.Random(1).choice("abcdefgh ") for _ in range(100))
    longest, share = copied_from(fresh + TEXT[500:600], TEXT)
    assert 100 <= longest <= 104 and abs(share - 0.5) < 0.05
    longest, share = copied_from(fresh, TEXT)
    assert longest < COPY_CHARS and share == 0


def test_an_empty_sample_has_no_copies():
    assert copied_from("", TEXT) == (0, 0.0)
    assert samples([], TEXT, "c", 0).reading == "No model wrote anything."
    assert (
        samples([Sample("r", 0.7, "a", "")], TEXT, "c", 0).tables["samples"][0]["longest_copied_chars"] == 0
    )
