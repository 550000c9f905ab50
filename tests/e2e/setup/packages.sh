# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Debian packages by group, from packages.txt. Sourced by ./dev, which sets $root and defines say and fail.

# as_root COMMAND...: as it is for root, else by sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# missing_packages GROUP...: the packages of these groups that are not installed, one a line.
missing_packages() {
  local group package
  while read -r group package; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    case $package in
      nodejs | npm) command -v node >/dev/null && command -v npm >/dev/null && continue ;;
    esac
    case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" in
      *" installed") ;;
      *) echo "$package" ;;
    esac
  done < <(grep -v '^#' "$root/tests/e2e/setup/packages.txt")
}

# install_packages GROUP...
install_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: the packages named in tests/e2e/setup/packages.txt must be there by other means"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "missing, and neither root nor sudo to install it: apt-get install ${missing[*]}"
  fi
  say "installing from Debian: ${missing[*]}"
  update_package_lists
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
    </dev/null >"$logs/apt.log" 2>&1 || fail "apt-get install failed; the end of its log:" "$logs/apt.log"
}

update_package_lists() {
  as_root apt-get update -qq </dev/null >"$logs/apt-update.log" 2>&1 ||
    fail "apt-get update failed; the end of its log:" "$logs/apt-update.log"
}
