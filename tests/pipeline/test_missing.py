"""What an interpreter lacks of the requirements, and whether the locks hold them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_seg.pipeline.missing import counts_here, fits, package, requirements

PROJECT = Path(__file__).resolve().parents[2]


def missing(interpreter: str | Path, extra: str = "cpu") -> subprocess.CompletedProcess[str]:
    command = [str(interpreter), "-m", "kaggle_seg.pipeline.missing", extra]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )


def test_what_is_missing_is_listed_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = missing(tmp_path / "bare" / "bin" / "python")
    assert done.returncode == 2
    for name in ("keras>=", "numpy>=", "pandas>=", "tyro>=", "tensorflow"):
        assert f"  {name}" in done.stderr
    (command,) = (line for line in done.stderr.splitlines() if "--no-index --find-links" in line)
    assert "'numpy>=2.1'" in command
    assert done.stdout == ""
    assert "efficientnet" not in done.stderr, "weights that it does without"


def test_nothing_is_missing_here() -> None:
    done = missing(sys.executable)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_version_out_of_bounds_is_missing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    (site,) = (tmp_path / "bare" / "lib").glob("python3.*/site-packages")
    for name, version in (("keras", "4.0.1"), ("pandas", "2.1.4"), ("numpy", "2.5"), ("tensorflow", "2.21.0")):
        (site / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(text, encoding="utf-8")
    told = missing(tmp_path / "bare" / "bin" / "python").stderr
    assert "  keras>=3.13,<4 (found 4.0.1)\n" in told
    assert "  pandas>=2.2 (found 2.1.4)\n" in told
    assert "  numpy" not in told
    assert "  tensorflow" not in told


def test_the_locks_hold_every_requirement_and_nothing_of_this_machine() -> None:
    for extra, lock in (("cpu", "cpu.txt"), ("gpu", "gpu.txt"), ("test", "test.txt")):
        text = (PROJECT / "requirements" / lock).read_text(encoding="utf-8")
        pins = [
            line.split(";")[0].strip(" \\").split("==") for line in text.splitlines() if "==" in line and line[0].isalpha()
        ]
        for requirement in requirements(PROJECT / "setup.cfg", extra):
            wanted = package(requirement).lower()
            versions = [version for name, version in pins if name == wanted]
            assert versions, f"{requirement} is not in {lock}; run requirements/lock"
            assert all(fits(requirement, version) for version in versions), requirement
        assert any(name == "setuptools" for name, _ in pins)
        assert all(line.startswith((" ", "#")) or "==" in line for line in text.splitlines())
        assert "://" not in text


@pytest.mark.parametrize(
    ("marker", "counts"),
    [
        ("", True),
        (f'sys_platform == "{sys.platform}"', True),
        (f"sys_platform != '{sys.platform}'", False),
        ('python_version >= "3.11"', True),
        ('python_version < "3.2"', False),
        ('python_version >= "3.2" and python_version < "3.11"', False),
        (f'sys_platform == "{sys.platform}" and python_version < "3.99"', True),
    ],
)
def test_a_marker_decides_whether_a_requirement_counts(marker: str, counts: bool) -> None:
    assert counts_here(marker) == counts
