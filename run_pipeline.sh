#!/usr/bin/env bash
# From a folder of tiles to a checked submission CSV: finds a Python, makes .venv, runs the stages one after another.
# `./run_pipeline.sh --help` tells the options. Written for bash 3.2, as macOS has it. The stages meet only in files, so
# that a start takes up where the last one was stopped; what a stage says of its results goes to stdout, the rest to stderr.

set -u
unset CDPATH
case ${BASH_SOURCE[0]} in */*) project=${BASH_SOURCE[0]%/*} ;; *) project=. ;; esac
project=$(cd -- "$project" && pwd -P) || exit

usage='Usage: ./run_pipeline.sh [OPTION]... [-- OPTION-OF-TRAIN]...

From a folder of tiles to a checked submission CSV. The first start installs what is needed into .venv; every start skips
what is done and takes up where the last one was stopped. Results lie in runs/ and submissions/.

  --data DIR           the folder of tiles (default: data/ if it is there; else, with Kaggle credentials, the
                       competition'\''s, by download; else generated demo tiles)
  --competition WHICH  another competition, by slug, address or TOML file (see kaggle_seg/competitions/)
  --run NAME           the name of the run (default: from the data folder and the network)
  --threshold X        mask = probability >= X, with 0 < X < 1; auto: the rule that does best in validation (default)
  --epochs N           train N epochs
  --minutes N          train about N minutes
  --seed N             seed of the split, the first weights and the order of the tiles (default: 0)
  --quick              a small network, few epochs, at most 1500 training tiles: a look at the whole within 4 minutes
  --engine E           what predicts: auto (default), keras, openvino or int8; see python -m kaggle_seg.predict --help
  --demo               use generated demo tiles, also if there are others; 12 epochs if nothing else is said
  --restart            forget what this run has trained, and train anew
  --submit             upload the CSV to Kaggle in any case (default: if it is worth it: a full run on the
                       competition'\''s tiles that beats all uploads in its local score)
  --no-submit          upload nothing
  --help               show this text
  -- ...               what follows goes to train (see python -m kaggle_seg.train --help)

Exit code: 0 done, 1 something failed, 2 wrong use or faulty input, 130 stopped by Ctrl-C.
KSEG_PYTHON=python3 uses that interpreter as it is: no .venv, no network.'

# --- options: all are checked, and all that is wrong is said, before anything is installed or run ---

data='' competition='' run='' threshold=auto epochs='' minutes='' seed=0 engine=auto quick=no demo=no restart=no submit=if-better
train_options=()
problems=()

wrong() { problems+=("$1"); }

read_options() {
    local option
    while [ $# -gt 0 ]; do
        option=$1 && shift
        case $option in
            --data=* | --competition=* | --run=* | --threshold=* | --epochs=* | --minutes=* | --seed=* | --engine=*)
                set -- "${option#*=}" "$@" && option=${option%%=*}
                ;;
            --quick | --demo | --restart | --submit) printf -v "${option#--}" yes && continue ;;
            --no-submit) submit=no && continue ;;
            --help | -h) printf '%s\n' "$usage" && exit 0 ;;
            --) train_options=("$@") && return ;;
        esac
        case $option in
            --data | --competition | --run | --threshold | --epochs | --minutes | --seed | --engine)
                case ${1-} in
                    '' | --*) wrong "$option: a value is missing" ;;
                    *) printf -v "${option#--}" %s "$1" ;;
                esac
                [ $# -eq 0 ] || [ "${1#--}" != "$1" ] || shift
                ;;
            -*) wrong "$option: no such option; options of train go behind --" ;;
            *) wrong "'$option': not understood; options begin with --" ;;
        esac
    done
}

check_options() {
    local whole='^[0-9]{1,9}$' decimal='^([0-9]+\.?[0-9]*|\.[0-9]+)$' nonzero='[1-9]'
    if [ -n "$data" ]; then
        [ -d "$data" ] || wrong "--data $data: no such folder"
        [ "$demo" = no ] || wrong '--data and --demo: give one of them'
    fi
    [ "$demo" = no ] || [ -z "$competition" ] || wrong '--demo and --competition: demo tiles are those of no competition'
    [ "$demo $submit" != 'yes yes' ] || wrong '--demo and --submit: demo tiles are never uploaded'
    case $run in -* | . | ..) wrong "--run $run: not a name for a run; use letters, digits, '-', '_' and '.'" ;; esac
    if [ "$threshold" != auto ]; then
        [[ $threshold =~ ^0*\.[0-9]+$ && $threshold =~ $nonzero ]] ||
            wrong "--threshold $threshold: wanted auto or a number between 0 and 1, as 0.42"
    fi
    [[ -z $epochs ]] || [[ $epochs =~ $whole && $epochs =~ $nonzero ]] || wrong "--epochs $epochs: wanted a whole number from 1"
    [[ -z $minutes ]] || [[ $minutes =~ $decimal && $minutes =~ $nonzero ]] || wrong "--minutes $minutes: wanted a number above 0"
    [[ -z $epochs || -z $minutes ]] || wrong '--epochs and --minutes: the one would decide the other; give one of them'
    [[ $seed =~ $whole ]] || wrong "--seed $seed: wanted a whole number from 0"
    case $engine in auto | keras | openvino | int8) ;; *) wrong "--engine $engine: wanted auto, keras, openvino or int8" ;; esac
    if [ -n "${KSEG_PYTHON-}" ] && ! command -v "$KSEG_PYTHON" >/dev/null; then
        wrong "KSEG_PYTHON=$KSEG_PYTHON: no such interpreter"
    fi
    [ ${#problems[@]} -gt 0 ] || return 0
    printf 'error: %s\n' "${problems[@]}" >&2
    printf 'See ./run_pipeline.sh --help\n' >&2
    exit 2
}

# --- children: each is a job of its own, so that a signal reaches this script at once and then the whole job ---

child='' csv='' file='' answer=''

attend() { # COMMAND...
    local status=0
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    wait "$child" 2>/dev/null || status=$?
    child=''
    return "$status"
}

# shellcheck disable=SC2329  # main sets it as a trap
interrupted() { # SIGNAL EXIT-CODE
    trap '' INT TERM
    local patience=100
    if [ -n "$child" ]; then
        kill "-$1" -- "-$child" 2>/dev/null
        while [ $((patience -= 1)) -gt 0 ] && kill -0 "$child" 2>/dev/null; do sleep 0.1; done
        kill -KILL -- "-$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    printf '\nstopped; the same command takes up where this left off.\n' >&2
    exit "$2"
}

# the last line of stdout names the CSV, once there is one, however this ends
# shellcheck disable=SC2329  # main sets it as a trap
finish() {
    [ -z "$answer" ] || rm -f "$answer"
    [ -z "$csv" ] || printf 'submission: %s\n' "$csv"
}

failed() { # WHAT EXIT-CODE
    if [ "$2" -gt 128 ]; then
        printf '%s: killed by signal %s; the same command takes up where it left off\n' "$1" "$(($2 - 128))" >&2
    else
        printf '%s: ended with exit code %s\n' "$1" "$2" >&2
    fi
    exit "$2"
}

# --- the interpreter, the tiles, the stages ---

choose_python() {
    local extra=cpu
    if [ "$(uname -s)" = Linux ]; then
        if [ -e /proc/driver/nvidia/version ] || { command -v nvidia-smi && nvidia-smi -L; } >/dev/null 2>&1; then extra=gpu; fi
    fi
    if [ -n "${KSEG_PYTHON-}${KAGGLE_KERNEL_RUN_TYPE+kaggle}" ]; then
        python=${KSEG_PYTHON:-python3}
        export PYTHONPATH="$project${PYTHONPATH:+:$PYTHONPATH}"
        attend "$python" "$project/requirements/missing.py" "$extra" || exit
    else
        attend make_environment "$project/.venv" "requirements/$extra.txt" || failed "making .venv" $?
        unset PYTHONPATH PYTHONHOME
        python=$project/.venv/bin/python
    fi
}

# where runs/, submissions/ and data/ lie; the stages find the same
output_root() {
    if [ -n "${KSEG_ROOT-}" ]; then
        printf '%s\n' "$KSEG_ROOT"
    elif [ -n "${KAGGLE_KERNEL_RUN_TYPE+set}" ]; then
        pwd
    else
        printf '%s\n' "$project"
    fi
}

choose_data() {
    local root
    root=$(output_root)
    [ -z "$data" ] || return 0
    if [ "$demo" = no ] && [ -d "$root/data" ] && [ -n "$(ls -A "$root/data")" ]; then
        data=$root/data
    elif [ "$demo" = no ]; then
        attend "$python" -m kaggle_seg.download --if-credentials ${competition:+--competition "$competition"} >"$answer" ||
            failed download $?
        data=$(sed -n 's/^tiles: //p' "$answer")
        case $data in '' | /*) ;; *) data=$root/$data ;; esac
    fi
    [ -z "$data" ] || return 0
    if [ "$submit" = yes ] || [ -n "$competition" ]; then
        printf 'error: no tiles to predict; give --data, or Kaggle credentials for the download\n' >&2
        exit 2
    fi
    [ "$demo" = yes ] ||
        echo "No --data, no data/ folder, no Kaggle credentials: these are generated demo tiles, good only for trying this out."
    draw_demo "$root/runs/.demo"
}

draw_demo() { # FOLDER
    data=$1
    attend "$python" -m kaggle_seg.demo "$data" >&2 || failed demo $?
    # it is to end within 4 minutes on two cores, and to show masks that a person finds right
    [ -n "$epochs$minutes" ] || [ "$quick" = yes ] || [ ${#train_options[@]} -gt 0 ] || epochs=12
}

number=0
stage() { # NAME OPTION...: runs one stage, or ends with its exit code
    local name=$1
    shift
    printf '[%s/6] %s\n' "$((number += 1))" "$name" >&2
    attend "$python" -m "kaggle_seg.$name" "$@" || failed "$name" $?
}

run_stages() {
    local training=(--data "$data") tta=d4 decision=() anew='' uploaded=0
    [ -z "$epochs" ] || training+=(--epochs "$epochs")
    [ -z "$minutes" ] || training+=(--minutes "$minutes")
    [ "$quick" = no ] || { training+=(--quick) && tta=none; }
    training+=(--seed "$seed" ${train_options[@]+"${train_options[@]}"})
    attend "$python" -m kaggle_seg.train "${training[@]}" ${run:+--run "$run"} --print-run-name >"$answer" || exit
    run=$(cat "$answer")
    [ "$restart" = no ] || anew=--restart
    [ "$threshold" = auto ] || decision=(--threshold "$threshold")

    stage split --data "$data" --run "$run" --seed "$seed" --keep ${competition:+--competition "$competition"} ${anew:+"$anew"}
    stage train "${training[@]}" --run "$run" ${anew:+"$anew"}
    stage predict "$run" --tta "$tta" --engine "$engine"
    stage tune "$run"
    decide ${decision[@]+"${decision[@]}"}
    stage inspect "$file"
    attend "$python" -m kaggle_seg.summary "$file" || failed summary $?
    upload || uploaded=$?
    attend "$python" -m kaggle_seg.report "$run" || failed report $?
    [ "$uploaded" -eq 0 ] || failed submit "$uploaded"
}

# the stage that writes the CSV, and says where
decide() { # OPTION...
    stage decide "$run" "$@" >"$answer"
    sed '/^submission: /d' "$answer"
    csv=$(sed -n 's/^submission: //p' "$answer")
    file=$(output_root)/submissions/${csv##*/}
}

# to Kaggle, if the CSV is worth one of the day's few submissions; what it finds against that it says. The report
# comes after it, with the public score in it, and also where the upload failed
upload() {
    local how=--if-better
    [ "$submit" != no ] || return 0
    [ "$submit" != yes ] || how=--once
    attend "$python" -m kaggle_seg.submit "$file" "$how"
}

main() {
    read_options "$@"
    check_options
    # shellcheck source=requirements/environment.sh
    . "$project/requirements/environment.sh"
    trap 'interrupted INT 130' INT
    trap 'interrupted TERM 143' TERM
    trap finish EXIT
    answer=$(mktemp "${TMPDIR:-/tmp}/kaggle_seg.XXXXXX") || exit
    export KSEG_PARENT=$$ PYTHONSAFEPATH=1
    choose_python
    choose_data
    run_stages
}

# bash reads a script as it goes; with this line it has read all, and an update of this file meanwhile does no harm
main "$@"; exit
