#!/bin/sh
# Installs requirements into .venv, which it makes first: `sh tools/setup.sh requirements.txt`.
# `make` runs it each time; it is silent where nothing is to do. PYTHON=... asks for a Python.
# POSIX sh, because there may be no Python yet that fits.
set -eu
venv=.venv
requirements=$1
asked=${PYTHON:-}
here=$(pwd -P)
fitting="CPython 3.11 to 3.14"
PATH=${PATH#"$here/$venv/bin:"} # .venv is not made with its own Python

fail() {
  echo "$1" >&2
  exit "${2:-1}"
}

# "CPython 3.13 /usr" of a Python that runs: what it is, and where it is installed.
describe() {
  "$1" -c 'import platform, sys; v = sys.version_info; sys.stdout.write("%s %d.%d %s" % (
    platform.python_implementation(), v[0], v[1], getattr(sys, "base_prefix", "")))' 2>/dev/null || true
}

fits() {
  case $1 in "CPython 3.1"[1-4]" "*) ;; *) false ;; esac
}

has_venv() {
  "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# The newest on PATH. Each is tried, because a shim of pyenv can be there without its Python.
newest_python() {
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    if fits "$(describe "$name")" && has_venv "$name"; then
      echo "$name"
      return
    fi
  done
}

present=$(describe "$venv/bin/python")
whole=false # unless it was finished, and in this folder: its scripts hold the path
if [ "$(cat "$venv/.made" 2>/dev/null)" = "$here" ] && fits "$present"; then
  whole=true
fi
if [ -n "$asked" ]; then
  wanted=$(describe "$asked")
  [ -n "$wanted" ] || fail "PYTHON=$asked does not run: give one that does, $fitting"
  fits "$wanted" || fail "PYTHON=$asked is $(echo "$wanted" | cut -d' ' -f1,2): $fitting fits"
  [ "$wanted" = "$present" ] || whole=false
fi
if ! $whole; then
  # `venv --clear` would empty the folder that a link leads to.
  [ ! -L "$venv" ] || fail "$venv is a link to the environment of another folder: remove the link"
  python=${asked:-$(newest_python)}
  [ -n "$python" ] || fail "No $fitting with venv is on PATH: install one (python.org; apt install \
python3-venv; brew install python; uv python install 3.13), or give it: make PYTHON=/path/to/python"
  has_venv "$python" || fail "PYTHON=$python has no venv and ensurepip: install them (on Debian and \
Ubuntu: apt install python3-venv), or give another Python"
  echo "$(describe "$python" | cut -d' ' -f1,2) ($(command -v "$python")) is taken for $venv"
  if ! "$python" -m venv --clear "$venv"; then
    rm -rf "$venv"
    fail "$venv could not be made with $python"
  fi
  echo "$here" >"$venv/.made"
fi

stamp=$venv/.$requirements
needs=$(cat requirements*.txt constraints.txt tools/setup.sh tools/*.pth | cksum)
[ "$(cat "$stamp" 2>/dev/null)" != "$needs" ] || exit 0

case "$requirements $(describe "$venv/bin/python")" in
"requirements-carracing.txt CPython 3.14 "*)
  fail "Box2D has no wheel for Python 3.14, but for 3.11 to 3.13: make PYTHON=python3.13 install-carracing" 3
  ;;
esac
if [ "$requirements" = requirements-doom.txt ] && [ "$(uname)" != Linux ]; then
  fail "Doom runs on Linux alone, which ends its engines; this is $(uname)" 3
fi

cp tools/*.pth \
  "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
set -- --quiet -c constraints.txt -r "$requirements"
with_uv() {
  uv pip install --python "$venv/bin/python" "$@" 2>/dev/null
}
with_pip() { # not where a pip.conf sends packages
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-user --target= "$@"
}
if command -v uv >/dev/null; then
  echo "uv installs $requirements into $venv"
  with_uv "$@" || { echo "uv could not: pip installs $requirements" && with_pip "$@"; }
else
  echo "pip installs $requirements into $venv"
  with_pip "$@"
fi
[ -x "$venv/bin/dvc" ] || fail "$requirements went elsewhere than $venv: see 'pip config list'"
echo "$needs" >"$stamp"
