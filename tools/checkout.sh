#!/bin/sh
# Says in a line what is wrong with this copy of the repository, before DVC stumbles over it.
set -eu
fail() {
  echo "$1" >&2
  exit 1
}

command -v git >/dev/null || fail "git is not there, which DVC needs: apt install git; brew install git"
if ! found=$(LC_ALL=C git rev-parse --show-toplevel 2>&1); then
  case $found in
  *"dubious ownership"* | *"safe.directory"*)
    fail "This folder is another user's, so git refuses it: git config --global --add safe.directory '$(pwd -P)'"
    ;;
  *"not a git repository"*)
    fail "This folder is not a git repository (a ZIP is none), which DVC needs: git init, or git clone it"
    ;;
  *) fail "git does not work here: $(echo "$found" | head -n 1)" ;;
  esac
fi
[ -d recipes/quick/stages ] ||
  fail "recipes/quick/stages is not a link to a folder: git config core.symlinks true && git checkout ."
# DVC applies an experiment of a project in a folder with copies of the code in place of its links.
for link in */stages */worldmodels */*/stages */*/worldmodels; do
  if [ -d "$link" ] && [ ! -L "$link" ]; then
    case $(git ls-files -s -- "$link") in
    120000*) fail "$link is a copy of the code, not the link to it: git checkout -- $link" ;;
    esac
  fi
done
if LC_ALL=C ignored=$(git check-ignore --no-index -v dvc.yaml dvc.lock); then
  fail "A setting of git ignores files that DVC needs, remove it: $(echo "$ignored" | head -n 1)"
fi
if command -v iconv >/dev/null && ! pwd -P | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1; then
  fail "The path of this folder has a name that is no UTF-8, which DVC needs: rename it"
fi
[ -w . ] || fail "This folder cannot be written to, but the pipeline writes into it: clone it elsewhere"
cache=/var/tmp # where DVC keeps what it knows of each project
if [ -d "$cache" ] && [ ! -w "$cache" ] && [ -z "${DVC_SITE_CACHE_DIR:-}" ]; then
  fail "$cache cannot be written to, but DVC writes there: export DVC_SITE_CACHE_DIR=/some/folder"
fi
