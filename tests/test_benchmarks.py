"""The benchmarks' own logic: turns, ratios, verdicts, and one table whatever a script comes to."""

from __future__ import annotations

import configparser
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import csv_files, machine, run_lengths, startup
from tests.benchmarks.turns import Row, Turns, make_parser, not_measured, number, read_rows, run, table, take_turns, timed


class TestTurns:
    def test_every_round_begins_with_the_next_way_after_one_warm_up(self) -> None:
        order: list[str] = []

        def way(name: str):
            return lambda: order.append(name) or float(len(order))

        turns = take_turns({name: way(name) for name in "ABC"}, rounds=4)
        assert "".join(order) == "ABC" + "ABC" + "BCA" + "CAB" + "ABC"
        assert turns.seconds["A"] == [4, 9, 11, 13]

    def test_a_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians(self) -> None:
        turns = Turns({"ours": [1, 2, 30], "usual": [5, 10, 30]})
        assert turns.row("x", "ours", against="usual").ratio == 5
        assert turns.row("x", "ours", against="usual", at_most=True).ratio == pytest.approx(0.2)
        assert turns.rate("ours", 3000, "masks") == "1,500 masks/s"

    def test_a_row_without_a_figure_tells_the_median_seconds(self) -> None:
        assert Turns({"ours": [0.25, 0.5, 9]}).row("x", "ours").figure == "0.5 s"

    def test_timed_work_is_done_and_takes_time(self) -> None:
        done: list[int] = []
        assert timed(lambda: done.append(1))() > 0
        assert done == [1]


class TestVerdict:
    @pytest.mark.parametrize(
        ("row", "verdict"),
        [
            (Row("x", "ours", "", "usual", 5.0, wanted=5), "reached"),
            (Row("x", "ours", "", "usual", 4.999, wanted=5), "missed"),
            (Row("x", "ours", "", "usual", 3.5, wanted=3.5, at_most=True), "reached"),
            (Row("x", "ours", "", "usual", 3.6, wanted=3.5, at_most=True), "missed"),
            (Row("x", "ours", "", value=0.31, unit="s", wanted=0.3, at_most=True), "missed"),
            (Row("x", "ours", "", "usual", 0.1, value=0.999, wanted=0.998), "reached"),
            (not_measured("x", "ours", against="usual", wanted=5), "not measured"),
            (Row("x", "ours", "", "usual", 5.0), ""),
        ],
    )
    def test_of_each_kind_of_claim(self, row: Row, verdict: str) -> None:
        assert row.verdict == verdict

    def test_the_table_says_it_plainly(self) -> None:
        text = table(
            [
                Row("encode", "usual", "100 masks/s"),
                Row("encode", "ours", "449 masks/s", "usual", 4.49, wanted=5, note="equal values"),
                Row("help", "submit", "0.2 s", value=0.2, unit="s", wanted=0.3, at_most=True),
                not_measured("encode", "torch", wanted=2),
            ]
        )
        assert "| encode | usual | 100 masks/s |  |  |  |" in text
        assert "| 4.49 times as fast as usual | at least 5: missed | equal values |" in text
        assert "| at most 0.3 s: reached |" in text
        assert "| not measured: pip install -e '.[peers]' |" in text
        assert text.endswith("\nClaims: 1 reached, 1 missed, 1 not measured.\n")

    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (0.01234, "0.0123"), (9.996, "10"), (99.96, "100"), (1234.5, "1,234")]
    )
    def test_figures_have_three_digits(self, value: float, text: str) -> None:
        assert number(value) == text


class TestRun:
    def test_a_script_prints_its_table_and_keeps_its_rows(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rows = [Row("x", "ours", "1 s", "usual", 2.0, wanted=1.5, note="as is"), not_measured("x", "torch")]
        assert (
            run(
                make_parser("what it does"),
                lambda options: rows[: 1 + options.quick],
                ["--quick", "--json", f"{tmp_path}/a"],
            )
            == 0
        )
        assert capsys.readouterr().out == table(rows) + "\n"
        assert read_rows(tmp_path / "a") == rows

    def test_a_script_that_needs_tiles_says_so_without(self, tmp_path: Path) -> None:
        parser = make_parser("How fast.\n\nMore.", tiles=True)
        assert run(parser, lambda options: [Row("x", str(options.data), "1 s")], ["--json", f"{tmp_path}/a"]) == 0
        assert read_rows(tmp_path / "a") == [not_measured("How fast.", "", "needs --data DIR")]
        run(parser, lambda options: [Row("x", str(options.data), "1 s")], ["--data", "tiles", "--json", f"{tmp_path}/a"])
        assert read_rows(tmp_path / "a") == [Row("x", "tiles", "1 s")]


class TestAll:
    @pytest.fixture
    def scripts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two scripts in place of the real ones: one that works, and one that breaks."""
        package = tmp_path / "tests" / "benchmarks"
        package.mkdir(parents=True)
        row = {"operation": "work", "way": "ours", "figure": "1 s", "ratio": 2.0, "against": "usual", "wanted": 1.5}
        write = f"pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text({json.dumps([row])!r})"
        script = "import pathlib, sys\n{}\nraise SystemExit({})\nfrom tests.benchmarks.turns import Row\ndef main(): ...\n"
        for path in (package.parent / "__init__.py", package / "__init__.py", package / "no_script.py"):
            path.touch()
        (package / "works.py").write_text(script.format(write, 0), encoding="utf-8")
        (package / "breaks.py").write_text(script.format("", "'no such luck'"), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(benchmarks, "FOLDER", package)

    @pytest.mark.usefixtures("scripts")
    def test_a_failure_or_a_lack_stops_no_other(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = tmp_path / "table.md"
        assert benchmarks.main(["--out", str(out)]) == 1
        told = capsys.readouterr()
        assert told.out == out.read_text(encoding="utf-8") + "\n"
        assert "| breaks |  | failed |" in told.out
        assert "| work | ours | 1 s | 2 times as fast as usual | at least 1.5: reached |" in told.out
        assert "no such luck" in told.err
        assert "[2/2] works ... 1 of 1 claims reached" in told.err

    @pytest.mark.usefixtures("scripts")
    def test_only_what_was_asked_for_runs(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert benchmarks.main(["--only", "works"]) == 0
        assert "breaks" not in capsys.readouterr().out

    @pytest.mark.usefixtures("scripts")
    def test_a_smoke_run_calls_itself_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert benchmarks.main(["--only", "works", "--quick"]) == 0
        assert capsys.readouterr().out.startswith("**A smoke run: its figures say nothing.**")

    def test_the_list_says_what_each_script_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert benchmarks.main(["--list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        own = {"run_lengths", "csv_files", "thresholds", "reading", "startup"}
        assert own <= {line.split()[0] for line in lines}
        assert all(len(line.split()) > 3 for line in lines)


class TestMachine:
    def test_the_header_names_versions_and_machine_but_no_host_and_no_path(self) -> None:
        import platform

        text = machine.describe()
        assert f"python {platform.python_version()}, " in text
        assert f"numpy {np.__version__}" in text
        assert re.search(r"- cores: [1-9]", text)
        assert platform.node() not in text or len(platform.node()) < 4
        assert str(Path.home()) not in text
        assert sys.prefix not in text

    def test_a_peer_that_is_missing_is_left_out(self) -> None:
        assert machine.found(("no-such-peer", "numpy")) == [f"numpy {np.__version__}"]

    def test_the_peers_are_those_of_the_extra(self) -> None:
        setup = configparser.ConfigParser()
        setup.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
        lines = setup["options.extras_require"]["peers"].split("\n")
        assert tuple(line.split(">=")[0] for line in lines if line and not line.startswith("#")) == machine.PEERS


class TestWays:
    def test_the_usual_decoder_undoes_the_usual_encoder(self) -> None:
        masks = run_lengths.draw_masks(2)
        assert all(np.array_equal(run_lengths.usual_decode(run_lengths.usual_encode(mask)), mask) for mask in masks)

    def test_masks_come_again_in_their_order(self) -> None:
        drawn = np.arange(csv_files.DRAWN)
        count = csv_files.DRAWN + csv_files.CHUNK + 7
        again = np.concatenate(list(csv_files.chunks(drawn, count)))
        assert np.array_equal(again, np.arange(count) % csv_files.DRAWN)

    @pytest.mark.parametrize(
        ("other", "same"), [('a,""\n1,"2 3"\n', True), ("a,\n1,2 4\n", False), ("a,\n", False), ("a,\n1,2 3\n4,\n", False)]
    )
    def test_files_are_the_same_by_their_values(self, tmp_path: Path, other: str, same: bool) -> None:
        (tmp_path / "one").write_text("a,\n1,2 3\n", encoding="utf-8")
        (tmp_path / "other").write_text(other, encoding="utf-8")
        assert csv_files.same_values(tmp_path / "one", tmp_path / "other", rows=1) is same

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")
    def test_a_command_is_killed_at_its_sign_and_refused_without_one(self) -> None:
        slow = "import time; print(' 0/9 [00:00<?, ?step/s]\\r 1/9 [00:01, 1.0step/s]', flush=True); time.sleep(60)"
        assert startup.seconds_until(startup.FIRST_STEP, [sys.executable, "-c", slow], {}) < 30
        with pytest.raises(startup.Failure, match="ended too early:\n 0/9"):
            startup.seconds_until(startup.FIRST_STEP, [sys.executable, "-c", "print(' 0/9 [0, ?step/s]')"], {})
