"""What a table of figures must say of where it was measured: versions and the machine, but no names and no paths."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kaggle_seg.tiles.reading import cores

# the distributions that may bring TensorFlow; the first one that is there
TENSORFLOW = ("tensorflow-cpu", "tensorflow")
OWN = ("keras", "numpy", "scipy", "pandas", "tifffile")
# as in the extra `peers`
PEERS = ("torch", "openvino", "nncf", "onnxruntime", "onnx", "tf2onnx", "pycocotools")
# instructions that decide how fast a network runs: on x86, then on ARM
FLAGS = (
    *("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8"),
    *("asimd", "asimddp", "bf16", "i8mm", "sve"),
)


def describe() -> str:
    """The header of the table, in Markdown."""
    lines = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "instructions": ", ".join(flags()) or "unknown",
        "cores": str(cores()),
        "memory": memory(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "versions": ", ".join(versions()),
        "peers": ", ".join(found(PEERS)) or "none installed",
    }
    return "\n".join(f"- {name}: {value}" for name, value in lines.items()) + "\n"


def versions() -> list[str]:
    """Python and the packages that the toolkit stands on, each with its version."""
    return [f"python {platform.python_version()}", *found(TENSORFLOW)[:1], *found(OWN)]


def found(names: tuple[str, ...]) -> list[str]:
    """Those of some distributions that are installed, each with its version."""
    lines = []
    for name in names:
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return lines


def cpu_facts() -> dict[str, str]:
    """What Linux tells of the first core; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def processor() -> str:
    """The processor's name, as its maker has it."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return cpu_facts().get("model name") or platform.processor() or platform.machine()


def flags() -> list[str]:
    """Which of `FLAGS` the processor has."""
    facts = cpu_facts()
    has = f"{facts.get('flags', '')} {facts.get('Features', '')}".split()
    return [flag for flag in FLAGS if flag in has]


def memory() -> str:
    """The machine's memory."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
