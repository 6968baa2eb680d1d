#!/bin/sh
# Installs Punchclock as a service on Debian 12 and 13 and on Raspberry Pi OS. Run it again to upgrade: it changes only what differs.
set -eu

usage() {
  cat <<'END'
usage: install.sh [--role serve|edge|hub] [--root DIR] [EXECUTABLE]
       install.sh --uninstall [--root DIR]

Installs EXECUTABLE (default: the `punchclock` beside this script) and runs it as the service `punchclock`.

  --role serve   edge and hub in one process: one site (default; an upgrade keeps the role that is installed)
  --role hub     the hub alone; edges send to it
  --role edge    the branch agent alone; it sends to a hub
  --root DIR     install into the system below DIR (the card of a Pi, an image); nothing is started
  --uninstall    stop the service and remove it; data, settings and the user stay

It writes  /usr/local/bin/punchclock
           /etc/systemd/system/punchclock.service
           /etc/punchclock/punchclock.toml     only when it is not there
           /var/lib/punchclock                 the data, for the system user `punchclock` alone
END
}

readonly USER_NAME=punchclock
role=''
root=''
executable=''
is_uninstall=no
here=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
misuse() { printf 'install.sh: %s\n\n' "$*" >&2; usage >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    --role | --root) [ -n "${2-}" ] || misuse "$1 needs a value" ;;
  esac
  case $1 in
    --role) role=$2; shift ;;
    --root) root=${2%/}; shift ;;
    --uninstall) is_uninstall=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) misuse "there is no option $1" ;;
    *) [ -z "$executable" ] || misuse "one executable, not two: $executable and $1"; executable=$1 ;;
  esac
  shift
done

readonly BIN=/usr/local/bin/punchclock
readonly UNIT=/etc/systemd/system/punchclock.service
readonly WANTED=/etc/systemd/system/multi-user.target.wants/punchclock.service
readonly SETTINGS_DIR=/etc/punchclock
readonly DATA=/var/lib/punchclock

[ "$(id -u)" = 0 ] || fail "this writes to system folders; run it as root: sudo $0"
[ -z "$root" ] || [ -f "$root/etc/passwd" ] || fail "$root holds no system (there is no etc/passwd); mount it, or make it with debootstrap, first"

# True when there is a running systemd to talk to, and it is this system's.
is_live() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# ---- uninstall ------------------------------------------------------------------------------------------------------

if [ "$is_uninstall" = yes ]; then
  [ -z "$role$executable" ] || misuse '--uninstall takes no role and no executable'
  if is_live && [ -e "$UNIT" ]; then systemctl stop punchclock.service; fi
  rm -f "$root$WANTED" "$root$UNIT" "$root$BIN"
  if is_live; then systemctl daemon-reload; fi
  say "Punchclock is removed. Kept: the data in $root$DATA, the settings in $root$SETTINGS_DIR, the user $USER_NAME."
  say "To remove these too, and every punch with them:  rm -r $root$DATA $root$SETTINGS_DIR; userdel ${root:+--root $root }$USER_NAME"
  exit 0
fi

# ---- what is to be installed ------------------------------------------------------------------------------------------

# The role of the installed unit, from the end of its command.
installed_role() {
  [ -f "$root$UNIT" ] || return 0
  sed -n 's/^ExecStart=.* \(serve\|hub\|edge\)\( run\)\{0,1\}$/\1/p' "$root$UNIT"
}

[ -n "$role" ] || role=$(installed_role)
[ -n "$role" ] || role=serve
case $role in
  serve | hub) command=$role ;;
  edge) command='edge run' ;;
  *) misuse "there is no role $role" ;;
esac

executable=${executable:-$here/punchclock}
[ -f "$executable" ] || fail "there is no executable $executable; put it beside this script, or name it: $0 PATH"
[ -x "$executable" ] || fail "$executable can't be run; make it executable: chmod +x $executable"
for file in punchclock.service punchclock.toml; do
  [ -f "$here/$file" ] || fail "$here/$file is missing; keep the files of the package together"
done
# A card or an image may be for another processor than this machine's.
if [ -z "$root" ]; then
  version=$("$executable" --version 2>&1) || fail "$executable does not run on this machine ($(uname -m)): $version; take the one for its processor and for Debian 12 or later"
else
  version=$executable
fi

system() { sed -n "s/^$1=//p" "$root/etc/os-release" 2>/dev/null | tr -d '"'; }
case "$(system ID) $(system ID_LIKE)" in
  *debian*) ;;
  *) say "note: this is tested on Debian and Raspberry Pi OS; this system is $(system PRETTY_NAME)" ;;
esac

# ---- user, folders, files ---------------------------------------------------------------------------------------------

# Prints `uid:gid` of the service's user, from the accounts of the system that is installed into.
owner() { awk -F: -v name="$USER_NAME" '$1 == name { print $3 ":" $4 }' "$root/etc/passwd"; }

if [ -z "$(owner)" ]; then
  useradd ${root:+--root "$root"} --system --user-group --home-dir "$DATA" --no-create-home \
    --shell /usr/sbin/nologin --comment 'Punchclock' "$USER_NAME" || fail "the system user $USER_NAME can't be made"
fi
uid=$(owner)
gid=${uid#*:}
uid=${uid%:*}

# put MODE FROM TO: replaces a file in one step, and only when it differs: a running executable can't be written over.
put() {
  if [ -f "$root$3" ] && cmp -s "$2" "$root$3"; then
    chmod "$1" "$root$3"
    return 0
  fi
  install -D -m "$1" "$2" "$root$3.new" && mv -f "$root$3.new" "$root$3"
  say "wrote $root$3"
}

scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

install -d -m 0750 -o 0 -g "$gid" "$root$SETTINGS_DIR"
if [ ! -e "$root$SETTINGS_DIR/punchclock.toml" ]; then
  install -m 0640 -o 0 -g "$gid" "$here/punchclock.toml" "$root$SETTINGS_DIR/punchclock.toml"
  say "wrote $root$SETTINGS_DIR/punchclock.toml"
fi
install -d -m 0700 -o "$uid" -g "$gid" "$root$DATA"
# Settings are looked for in the data folder, so that `--data` is all that a command needs. A file that is there stays.
[ -e "$root$DATA/punchclock.toml" ] || ln -sfn "$SETTINGS_DIR/punchclock.toml" "$root$DATA/punchclock.toml"

put 0755 "$executable" "$BIN"
sed "s|^ExecStart=.*|ExecStart=$BIN --data $DATA $command|" "$here/punchclock.service" >"$scratch"
put 0644 "$scratch" "$UNIT"
# What `systemctl enable` does, also where no systemd runs.
install -d -m 0755 "$root$(dirname "$WANTED")"
ln -sfn "$UNIT" "$root$WANTED"

# ---- start --------------------------------------------------------------------------------------------------------------

say "installed: $version, role $role"
[ -e "$root/etc/ssl/certs/ca-certificates.crt" ] || [ "$role" != edge ] ||
  say 'note: the edge needs the package ca-certificates here: apt-get install ca-certificates'

next_for_edge() {
  say "next: 1. on the hub: punchclock edge invite NAME --hub https://...   It prints a code"
  say "      2. here: sudo -u $USER_NAME $BIN --data $DATA edge enroll CODE   It writes $DATA/edge.token"
  say "      3. here: systemctl restart punchclock"
}

if ! is_live; then
  say "nothing was started: no systemd runs here. The service starts with the system."
  [ "$role" != edge ] || next_for_edge
  exit 0
fi
"$BIN" --data "$DATA" config check >"$scratch" 2>&1 || fail "the service was not started: $(cat "$scratch")"
systemctl daemon-reload
if [ "$role" = edge ] && [ ! -e "$DATA/edge.token" ]; then
  say 'the service is not started yet: the edge does not know its hub'
  next_for_edge
  exit 0
fi
systemctl restart punchclock.service || fail 'the service did not start; see why: journalctl --unit punchclock --lines 50'
say 'the service runs. Its log, with the code for the first sign-in:  journalctl --unit punchclock'
