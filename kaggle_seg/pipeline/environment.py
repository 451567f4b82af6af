"""The virtual environment: made once from a lock, one start at a time; a half-made one is made anew.

python -m kaggle_seg.pipeline.environment FOLDER LOCK     as tests/run makes .venv-test
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kaggle_seg.errors import BadInput, Failure, report_errors
from kaggle_seg.locks import lock

PROJECT = Path(__file__).resolve().parents[2]
STAMP = "made-from"  # written into the environment last, so that a half-made one has none


def check_python() -> None:
    """Refuses an interpreter that this project isn't made for.

    Raises:
        BadInput: it isn't Python 3.11, 3.12 or 3.13.
    """
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        version = ".".join(map(str, sys.version_info[:3]))
        raise BadInput(f"{sys.executable} is Python {version}; this needs 3.11, 3.12 or 3.13")


def which_extra() -> str:
    """The extra of setup.cfg that fits this machine: "gpu" with an NVIDIA driver on Linux, else "cpu"."""
    if not sys.platform.startswith("linux"):
        return "cpu"
    if Path("/proc/driver/nvidia/version").exists():
        return "gpu"
    tool = shutil.which("nvidia-smi")
    return "gpu" if tool and subprocess.run([tool, "-L"], capture_output=True, check=False).returncode == 0 else "cpu"


def venv_python(folder: Path, system: str = os.name) -> Path:
    """The interpreter of a virtual environment.

    Args:
        folder: the environment.
        system: as `os.name` has it.

    >>> venv_python(Path(".venv"), "nt").as_posix(), venv_python(Path(".venv"), "posix").as_posix()
    ('.venv/Scripts/python.exe', '.venv/bin/python')
    """
    return folder / "Scripts" / "python.exe" if system == "nt" else folder / "bin" / "python"


def is_made(project: Path, folder: Path, lock_file: str) -> bool:
    """Whether an environment is there, whole, and made from what the project says now.

    Args:
        project: the folder of this project.
        folder: the environment.
        lock_file: the lock, relative to the project.
    """
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == describe(project, folder, lock_file)


def describe(project: Path, folder: Path, lock_file: str) -> str:
    """What an environment is made from: its Python, the place of the project, and the files that say what is installed."""
    asked = [str(venv_python(folder)), "-c", "import sys; print(sys.version)"]
    try:
        version = subprocess.run(asked, capture_output=True, text=True, check=True, env=settings(os.environ)).stdout
    except (OSError, subprocess.CalledProcessError):
        version = "none\n"
    files = [(name, (project / name).read_bytes()) for name in (lock_file, "setup.cfg", "pyproject.toml")]
    hashes = [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in files]
    return "\n".join([f"python {version.strip()}", f"project {project}", *hashes, ""])


def make_environment(project: Path, folder: Path, lock_file: str) -> None:
    """Makes an environment unless it is there: the packages of the lock, hash by hash, then this package, editable.

    A second start waits until the first has made it.

    Raises:
        BadInput: this Python can't make environments.
        Failure: the installation failed.
    """
    if not (project / lock_file).is_file():
        raise BadInput(f"{project / lock_file}: no such file; start from a clone of this project, or set KSEG_PYTHON")
    if is_made(project, folder, lock_file):
        return
    waiting = "another start is installing; waiting for it"
    with lock(folder.with_name(f"{folder.name}.lock"), waiting) as handle:
        if is_made(project, folder, lock_file):
            return
        print(f"installing {lock_file} into {folder.name} with {base_python()} (once)", file=sys.stderr, flush=True)
        install(project, folder, lock_file, handle)


def install(project: Path, folder: Path, lock_file: str, handle: int) -> None:
    """Makes an environment anew.

    Args:
        project: the folder of this project.
        folder: the environment; what is there is removed.
        lock_file: the lock, relative to the project.
        handle: the descriptor of the lock on the environment; pip inherits it, so that nobody begins the environment
            anew under a pip whose parent died.
    """
    if importlib.util.find_spec("ensurepip") is None:
        raise BadInput(f"{base_python()} can't make environments (Debian and Ubuntu: apt install python3-venv)")
    if folder.exists():
        shutil.rmtree(folder)
    pip = [str(venv_python(folder)), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    commands = [
        [base_python(), "-m", "venv", str(folder)],
        [*pip, "--require-hashes", "--requirement", str(project / lock_file)],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(project)],
    ]
    if not all(succeeds(command, handle) for command in commands):
        raise Failure("the installation failed, see above; the same command tries again")
    part = folder / f"{STAMP}.part"
    part.write_text(describe(project, folder, lock_file), encoding="utf-8")
    part.replace(folder / STAMP)


def base_python() -> str:
    """The interpreter to make environments with: this one, or the one that its own environment was made with."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def succeeds(command: Sequence[str], handle: int) -> bool:
    """Runs a step of the installation; its output goes to stderr."""
    inherited = () if os.name == "nt" else (handle,)
    done = subprocess.run(command, stdout=sys.stderr, check=False, env=settings(os.environ), pass_fds=inherited)
    return done.returncode == 0


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without a person's own settings that lead packages elsewhere.

    >>> settings({"PIP_TARGET": "/elsewhere", "LANG": "C"})
    {'LANG': 'C', 'PIP_USER': '0'}
    """
    misleading = {"PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH"}
    return {name: value for name, value in environment.items() if name not in misleading} | {"PIP_USER": "0"}


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Makes the environment that is named."""
    check_python()
    folder, lock_file = sys.argv[1:] if argv is None else argv
    make_environment(PROJECT, PROJECT / folder, lock_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
