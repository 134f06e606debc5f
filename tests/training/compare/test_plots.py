"""The plots: both formats, with every technique in them."""

from pathlib import Path

from tests.training.compare.made import report

from finetab_training.compare.plots import plot


def test_every_plot_is_there_in_both_formats_and_names_its_techniques(tmp_path: Path) -> None:
    names = plot(report(tmp_path), tmp_path)
    assert names == ["quality-peak-memory-gb.png", "quality-seconds.png", "learned-forgotten.png"]
    for name in names:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        drawn = (tmp_path / name).with_suffix(".svg").read_text("utf-8")
        assert "<!-- one" in drawn
        assert "<!-- two" in drawn
