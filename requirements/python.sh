# Finds a Python that fits. Sourced by run_pipeline.sh and tests/run; written for bash 3.2, as macOS has it.
# shellcheck shell=bash

# Succeeds if an interpreter is Python 3.11 to 3.13 and can make environments; else says on stdout why it does not fit.
fits() { # INTERPRETER [as-it-is: it need not make environments]
    "$1" -c '
import sys
version = ".".join(map(str, sys.version_info[:3]))
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(print(f"is Python {version}") or 1)
try:
    "as-it-is" in sys.argv or __import__("ensurepip") and __import__("venv")
except ImportError:
    sys.exit(print(f"{version} cannot make environments (Debian and Ubuntu: apt install python3-venv)") or 1)' "${2-}" 2>/dev/null
}

# Prints the interpreter that is preferred, if it fits; else the first on the PATH that does.
find_python() { # [PREFERRED]
    local name why others=
    if [ -n "${1-}" ] && fits "$1" as-it-is >/dev/null; then
        command -v "$1"
        return
    fi
    for name in python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null || continue
        if why=$(fits "$name"); then
            command -v "$name"
            return
        fi
        others="$others; $name ${why:-does not start}"
    done
    printf 'error: no Python 3.11, 3.12 or 3.13 found%s\n' "${others:+ (${others#; })}" >&2
    printf 'Install one (https://www.python.org/downloads/) so that python3.13, python3.12, python3.11 or python3 starts it.\n' >&2
    return 2
}
