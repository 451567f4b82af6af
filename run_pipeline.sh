#!/usr/bin/env bash
# From a folder of tiles to a checked submission CSV: finds a Python and hands over to `python -m kaggle_seg.pipeline`.
# `./run_pipeline.sh --help` tells the options. Written for bash 3.2, as macOS has it.

set -u
unset CDPATH
case ${BASH_SOURCE[0]} in */*) project=${BASH_SOURCE[0]%/*} ;; *) project=. ;; esac
project=$(cd -- "$project" && pwd -P) || exit
# shellcheck source=requirements/python.sh
. "$project/requirements/python.sh"

# KSEG_PYTHON, or the Python of a Kaggle notebook, is taken as it is, with what leads it to its packages
preferred=${KSEG_PYTHON:-${KAGGLE_KERNEL_RUN_TYPE+python3}}
[ -n "$preferred" ] || unset PYTHONPATH PYTHONHOME
python=$(find_python "$preferred") || exit

export PYTHONPATH="$project${PYTHONPATH:+:$PYTHONPATH}" PYTHONSAFEPATH=1 KSEG_COMMAND=$0
exec "$python" -m kaggle_seg.pipeline "$@"
