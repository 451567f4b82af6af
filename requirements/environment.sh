# Makes a virtual environment from a lock. Sourced by run_pipeline.sh and tests/run, which set `project` to this project's
# folder; written for bash 3.2. Everything it says goes to stderr.
# shellcheck shell=bash disable=SC2154

# Prints the version of an interpreter that fits (Python 3.11 to 3.13, able to make environments); else says on stdout why not.
python_version() { # INTERPRETER
    "$1" -c '
import sys
version = ".".join(map(str, sys.version_info[:3]))
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(print(f"is Python {version}") or 1)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(print(f"{version} cannot make environments (Debian and Ubuntu: apt install python3-venv)") or 1)
print(version)' 2>/dev/null
}

# Prints the first interpreter on the PATH that fits.
find_python() {
    local name found others=
    for name in python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null || continue
        if found=$(python_version "$name"); then
            command -v "$name"
            return
        fi
        others="$others; $name ${found:-does not start}"
    done
    printf 'error: no Python 3.11, 3.12 or 3.13 found%s\n' "${others:+ (${others#; })}" >&2
    printf 'Install one (https://www.python.org/downloads/) so that python3.13, python3.12, python3.11 or python3 starts it.\n' >&2
    return 2
}

# What an environment was made from. It is written into the environment last, so that a half-made one has none.
stamp() { # FOLDER LOCK
    "$1/bin/python" -c 'import sys; print("python", sys.version)' 2>/dev/null || return
    printf 'project %s\n' "$project"
    local file
    for file in "$2" setup.cfg pyproject.toml; do
        printf '%s %s\n' "$file" "$(cksum <"$project/$file")"
    done
}

is_made() { # FOLDER LOCK
    [ -f "$1/made-from" ] && [ "$(stamp "$1" "$2")" = "$(cat "$1/made-from")" ]
}

# Makes the environment unless it is there already: the lock's packages, hash by hash, then this package, editable.
# A lock that the system releases on any death keeps a second start waiting until the first has made it.
make_environment() { # FOLDER LOCK
    is_made "$1" "$2" && return
    local base
    base=$(find_python) || return
    (
        trap 'exit 130' INT
        exec 9>"$1.lock" || exit
        hold_lock "$base" || exit
        if ! is_made "$1" "$2"; then
            printf 'installing %s into %s with %s (once)\n' "$2" "${1##*/}" "$base"
            install "$base" "$1" "$2"
        fi
    ) >&2
}

hold_lock() { # INTERPRETER: takes the lock on file descriptor 9; it stays with whoever has this descriptor open
    "$1" -c '
import fcntl
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("another start is installing; waiting for it", flush=True)
    fcntl.flock(9, fcntl.LOCK_EX)'
}

install() { # INTERPRETER FOLDER LOCK
    local pip=("$2/bin/python" -m pip --disable-pip-version-check --no-input)
    # a person's own settings must not lead the packages elsewhere
    unset PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PYTHONHOME PYTHONPATH
    export PIP_USER=0
    rm -rf "$2"
    "$1" -m venv "$2" || return
    if ! "${pip[@]}" install --require-hashes --requirement "$project/$3" ||
        ! "${pip[@]}" install --no-deps --no-build-isolation --editable "$project"; then
        printf 'error: installing failed, see above; the same command tries again\n'
        return 1
    fi
    stamp "$2" "$3" >"$2/made-from.part" && mv "$2/made-from.part" "$2/made-from"
}
