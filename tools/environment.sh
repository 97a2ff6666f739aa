# Sourced by the scripts beside it: makes .venv, or finds it up to date, and
# puts its commands on the PATH. Needs Python 3.10 to 3.13 and nothing else.

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 \
      python3.10; do
    if "$candidate" -c 'import sys
sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "no Python from 3.10 to 3.13 was found: install one (Debian, Ubuntu:" \
    "apt-get install python3), or name it: PYTHON=/path/to/python3 $0" >&2
  return 1
}

# Debian and Ubuntu split the making of environments off from Python.
install_venv() {
  local sudo="" package
  [ "$(id -u)" = 0 ] || sudo="sudo"
  package=$("$1" -c 'import sys
print("python%d.%d-venv" % sys.version_info[:2])')
  echo "installing $package" >&2
  $sudo apt-get update -q >&2 && $sudo apt-get install -qy "$package" >&2 ||
    { echo "$1 cannot make virtual environments: install $package, or name" \
        "another Python: PYTHON=/path/to/python3 $0" >&2; return 1; }
}

make_environment() {
  local python sum
  python=$(find_python)
  sum=$(cat setup.py constraints.txt pyproject.toml | cksum)
  if [ "$(cat .venv/installed 2>/dev/null)" != "$sum" ]; then
    "$python" -c 'import ensurepip' 2>/dev/null || install_venv "$python"
    echo "installing into .venv (about 2 GB, some minutes)"
    "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --constraint constraints.txt --editable '.[dev]'
    echo "$sum" > .venv/installed
  fi
  export PATH="$PWD/.venv/bin:$PATH"
  # TensorFlow's start-up messages hide what matters here.
  export TF_CPP_MIN_LOG_LEVEL="${TF_CPP_MIN_LOG_LEVEL:-2}"
}
