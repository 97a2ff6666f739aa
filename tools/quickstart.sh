#!/usr/bin/env bash
# From an empty machine to an interpolated strip: environment, pole set, a
# short AEAI training, export, gRPC server, one query. 2 to 14 minutes.
#   tools/quickstart.sh [--steps=N] [--out=FOLDER]
# Called again, it resumes, or repeats the query on the finished model.
set -euo pipefail
steps=2500
out=quickstart
for argument in "$@"; do
  case "$argument" in
    --steps=*) steps=${argument#*=} ;;
    --out=*) out=${argument#*=} ;;
    *) echo "quickstart.sh: unknown argument '$argument': it takes" \
         "--steps=N and --out=FOLDER" >&2; exit 2 ;;
  esac
done
cd "$(dirname "$0")/.."
. tools/environment.sh
make_environment
mkdir -p "$out"

echo "== 1. training AEAI on the pole set, 32x32, $steps steps"
# Half the networks and a fourth of the pairs of the defaults, at half the size.
aeai-train --config=configs/aeai.py:pole --workdir="$out/run" \
  --config.image_size=32 --config.steps="$steps" \
  --config.batch_size=8 --config.convs_per_block=1

echo "== 2. exporting for TensorFlow Serving"
aeai-export --run="$out/run" --out="$out/model"

echo "== 3. serving it, and asking for the images between two"
for azimuth in 140 220; do
  python -c "
from PIL import Image
from aeai_tf.data.pole import scene
picture = Image.fromarray(scene.render(45.0, $azimuth, 128))
picture.save('$out/azimuth_$azimuth.png')"
done
port=$(python -c "
import socket
free = socket.socket()
free.bind(('127.0.0.1', 0))
print(free.getsockname()[1])")
aeai-serve --port="$port" --model_name=aeai_pole \
  --model_base_path="$out/model" > "$out/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
for _ in $(seq 120); do
  grep -q '^serving' "$out/server.log" && break
  kill -0 "$server" 2>/dev/null || { cat "$out/server.log" >&2; exit 1; }
  sleep 0.5
done
aeai-interpolate --server="localhost:$port" --model=aeai_pole \
  --source="$out/azimuth_140.png" --target="$out/azimuth_220.png" \
  --steps=9 --out="$out/strip.png"

cat <<END

Done in $((SECONDS / 60)) minutes and $((SECONDS % 60)) seconds.
  the strip              $out/strip.png
  the same as a loop     $out/strip.gif
  strips while training  $out/run/strips/
  TensorBoard            .venv/bin/tensorboard --logdir=$out/run/logs

Next:
  . .venv/bin/activate
  aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_pole
      64x64 and 3000 steps: about 55 minutes on 2 cores
  aeai-train --config=configs/aeai.py:coil100/12 --workdir=runs/aeai_12
      an object of COIL-100, downloaded, or from its PNGs in a folder:
      --config.data.coil100_dir=FOLDER
  aeai-train --help
END
