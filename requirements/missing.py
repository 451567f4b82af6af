"""Lists what an interpreter lacks of setup.cfg's requirements, with the line that installs it without a network.

python requirements/missing.py EXTRA     exit code 0: nothing is missing, 2: something is. Needs no package itself.
"""

from __future__ import annotations

import configparser
import re
import sys
from importlib import metadata
from pathlib import Path

# either wheel brings the package; a machine that has one needs not the other
SAME = {"tensorflow": "tensorflow-cpu", "tensorflow-cpu": "tensorflow"}


def requirements(setup: Path, extra: str) -> list[str]:
    """The requirements of the package and one extra that count on this system."""
    parser = configparser.ConfigParser()
    parser.read(setup, encoding="utf-8")
    texts = parser["options"]["install_requires"] + "\n" + parser["options.extras_require"][extra]
    found = []
    for line in filter(None, map(str.strip, texts.splitlines())):
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        system = re.fullmatch(r'sys_platform (==|!=) "(\w+)"', marker)
        if not system or (system[1] == "==") == (system[2] == sys.platform):
            found.append(requirement)
    return found


def release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    >>> release("2.21.0rc1")
    (2, 21, 0)
    """
    return tuple(int(number) for number in re.match(r"[\d.]*\d", version)[0].split("."))


def installed(requirement: str) -> str | None:
    """The version that is there of a requirement's package, or None."""
    name = re.match(r"[\w.-]+", requirement)[0]
    for candidate in filter(None, (name, SAME.get(name))):
        try:
            return metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return None


def fits(requirement: str, version: str) -> bool:
    """Whether a version lies within a requirement's bounds (`>=` and `<`, as setup.cfg has them)."""
    found = release(version)
    low = all(found >= release(bound) for bound in re.findall(r">=([\d.]+)", requirement))
    return low and all(found < release(bound) for bound in re.findall(r"<([\d.]+)", requirement))


def main(extra: str) -> int:
    """Prints what is missing, on stderr."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"error: {sys.executable} is Python {found}; this needs 3.11, 3.12 or 3.13", file=sys.stderr)
        return 2
    root = Path(__file__).resolve().parents[1]
    there = {requirement: installed(requirement) for requirement in requirements(root / "setup.cfg", extra)}
    lacking = {name: version for name, version in there.items() if version is None or not fits(name, version)}
    if not lacking:
        return 0
    lines = [f"  {name}" + (f" (found {version})" if version else "") for name, version in lacking.items()]
    wanted = " ".join(f"'{name}'" for name in lacking)
    print(
        f"error: {sys.executable} lacks, of what this project needs:",
        *lines,
        "Without a network, from a folder of wheels:",
        f"  {sys.executable} -m pip install --no-index --find-links WHEELS {wanted}",
        "where a network is, `python -m pip download --dest WHEELS` with the same names fills that folder.",
        sep="\n",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
