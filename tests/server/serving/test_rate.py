"""The bucket: a burst, then so many a second, each name on its own."""

from finetab.serving.rate import Rate


def test_a_burst_passes_and_then_only_what_has_flowed_in() -> None:
    now = [0.0]
    rate = Rate(2.0, 3, lambda: now[0])
    assert [rate.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rate.take("a") == 0.5
    assert rate.take("b") == 0.0
    now[0] = 0.5
    assert rate.take("a") == 0.0
    assert rate.take("a") == 0.5
    now[0] = 100.0
    assert [rate.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
