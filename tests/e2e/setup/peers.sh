# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The programs that tests run against: built or fetched once into a cache that every checkout shares, each under a hash of
# what it is made from, so that another pin is another folder. build/peers/<name> points at the one this checkout uses;
# where one cannot be had, build/peers/<name>.missing says why, and the tests that need it are skipped with that reason.
# Sourced by ./dev, which sets $root, $cache and $logs and defines say and fail. The make_ functions run where bash
# ignores `set -e` (their status is looked at), so each step is joined to the next by &&.

peers=(python debian prometheus3 collector js schema)

# install_peers [NAME...]: fails when one that should be there could not be made.
install_peers() {
  local name status=0
  mkdir -p "$cache" build/peers
  # Two checkouts may set up at once.
  exec 9>"$cache/lock"
  flock 9
  [ $# -gt 0 ] || set -- "${peers[@]}"
  for name in "$@"; do
    install_peer "$name" || status=1
  done
  [[ " $* " != *" debian "* ]] || share_templates || status=1
  exec 9>&-
  return $status
}

install_peer() {
  local name=$1 folder started=$SECONDS
  folder=$cache/$name-$("key_of_$name" | sha256sum | cut -c1-12)
  rm -f "build/peers/$name.missing"
  if [ ! -f "$folder/.done" ]; then
    rm -rf "$folder" "build/peers/$name"
    mkdir -p "$folder"
    # A peer that cannot exist here says so on its last line of output and returns 75 (EX_TEMPFAIL in sysexits).
    local status=0
    ("make_$name" "$folder") >"$logs/peer-$name.log" 2>&1 </dev/null || status=$?
    if [ $status != 0 ]; then
      rm -rf "$folder"
      if [ $status = 75 ]; then
        tail -n 1 "$logs/peer-$name.log" >"build/peers/$name.missing"
        say "no $name: $(cat "build/peers/$name.missing")"
        return 0
      fi
      echo "could not be made, see $logs/peer-$name.log" >"build/peers/$name.missing"
      tail -n 20 "$logs/peer-$name.log"
      say "$name could not be made"
      return 1
    fi
    touch "$folder/.done"
    say "made $name in $((SECONDS - started)) s"
  fi
  ln -sfn "$folder" "build/peers/$name"
}

# python: the virtual environment of the tests.

# Debian's own interpreter where it can, so that another one on PATH may come and go.
test_python() {
  local python
  for python in /usr/bin/python3 python3; do
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$python"
      return 0
    fi
  done
  echo "no python3 that can make a virtual environment" >&2
  return 1
}

key_of_python() {
  "$(test_python)" --version
  cat tests/e2e/peers/requirements.txt
}

make_python() {
  "$(test_python)" -m venv "$1" &&
    "$1/bin/pip" install -q --disable-pip-version-check --no-compile -r tests/e2e/peers/requirements.txt
}

# tidy: clang-tidy, which from version 21 on does not look for faults in the system's headers; Debian's does, and takes
# ten times as long. Only for ./dev lint, so not among the peers that are installed unless named.

tidy_version=23.1.4

key_of_tidy() { "$(test_python)" --version && echo "$tidy_version"; }

make_tidy() {
  "$(test_python)" -m venv "$1" &&
    "$1/bin/pip" install -q --disable-pip-version-check --no-compile "clang-tidy==$tidy_version" && "$1/bin/clang-tidy" --version
}

# debian: Prometheus 2.42, Alertmanager and VictoriaMetrics as Debian ships them. Unpacked, not installed: installing
# would start them as services on the ports that people, and the agent, use.

debian_pins=(prometheus=2.42. prometheus-alertmanager=0.25. victoria-metrics=1.79.)

key_of_debian() { printf '%s\n' "${debian_pins[@]}" "$(uname -m)"; }

candidate_version() { apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" {print $2}'; }

make_debian() {
  local pin package version
  if ! command -v apt-get >/dev/null; then
    echo "not a Debian system, so its Prometheus, Alertmanager and VictoriaMetrics are not to be had"
    return 75
  fi
  [ -n "$(candidate_version prometheus)" ] || update_package_lists
  cd "$1" || return 1
  for pin in "${debian_pins[@]}"; do
    package=${pin%%=*}
    version=$(candidate_version "$package")
    case $version in
      "${pin#*=}"*) ;;
      *)
        echo "this system has $package ${version:-in no version}, and the tests are for ${pin#*=}x"
        return 75
        ;;
    esac
    # The mirror may have moved on since the lists were fetched.
    apt-get download -q -o APT::Sandbox::User=root "$package=$version" ||
      { update_package_lists && apt-get download -q -o APT::Sandbox::User=root "$package"; } || return 1
    dpkg -x "$package"_*.deb . && rm "$package"_*.deb || return 1
  done
  usr/bin/prometheus --version && usr/bin/promtool --version && usr/bin/prometheus-alertmanager --version &&
    test -x usr/bin/victoria-metrics && test -x usr/bin/vmalert
}

# Debian's Alertmanager reads its own templates from this place and no other, and does not start without them.
share_templates() {
  local place=/usr/share/prometheus
  [ -d build/peers/debian ] || return 0
  [ ! -e "$place/alertmanager/default.tmpl" ] || return 0
  [ ! -e "$place" ] || [ -L "$place" ] || { say "no templates for Alertmanager in $place, which is another's"; return 1; }
  as_root ln -sfn "$(readlink -f build/peers/debian)/usr/share/prometheus" "$place"
}

# prometheus3 and collector: built from Go modules, whose go.sum holds the checksums.

go_is_current() {
  if ! command -v go >/dev/null; then
    echo "no Go here (it is needed to build $1)"
    return 1
  fi
  if ! (cd "$2" && GOTOOLCHAIN=local go list -m); then
    echo "$(GOTOOLCHAIN=local go version) is too old to build $1 ($(grep '^go ' "$2/go.mod"))"
    return 1
  fi
}

# build_go MODULE_FOLDER GO_BUILD_ARGUMENT...: downloads are tried again, building is not.
build_go() {
  local module=$1 try
  shift
  export GOTOOLCHAIN=local GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0
  cd "$module" || return 1
  for try in 1 2 3; do
    go mod download && break
    [ "$try" != 3 ] || return 1
    sleep 3
  done
  nice go build -trimpath "$@"
}

key_of_prometheus3() { cat tests/e2e/peers/prometheus/go.mod tests/e2e/peers/prometheus/go.sum; }

make_prometheus3() {
  local module=$root/tests/e2e/peers/prometheus commands=github.com/prometheus/prometheus/cmd
  go_is_current "Prometheus 3" "$module" || return 75
  # Service discovery of a dozen clouds is left out: it is most of the build.
  build_go "$module" -tags remove_all_sd,enable_file_sd \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=3.15.0" \
    -o "$1/" "$commands/prometheus" "$commands/promtool" &&
    "$1/prometheus" --version
}

key_of_collector() { cat tests/e2e/peers/collector/{go.mod,go.sum,main.go}; }

make_collector() {
  local module=$root/tests/e2e/peers/collector
  go_is_current "the OpenTelemetry Collector" "$module" || return 75
  build_go "$module" -ldflags "-s -w" -o "$1/otelcol" . &&
    "$1/otelcol" --version
}

# js: OpenTelemetry's JavaScript SDK. Node looks for modules beside the script, hence the link.

key_of_js() { cat tests/e2e/peers/js/package.json tests/e2e/peers/js/package-lock.json; }

make_js() {
  cp tests/e2e/peers/js/package.json tests/e2e/peers/js/package-lock.json tests/e2e/peers/js/.npmrc "$1/" && cd "$1" &&
    npm ci && test -d node_modules/@opentelemetry/sdk-metrics && node --version
}

# schema: Grafana's published types of dashboards, and the TypeScript compiler that holds ours to them.

key_of_schema() { cat tests/e2e/peers/schema/package.json tests/e2e/peers/schema/package-lock.json; }

make_schema() {
  cp tests/e2e/peers/schema/package.json tests/e2e/peers/schema/package-lock.json tests/e2e/peers/schema/.npmrc "$1/" && cd "$1" &&
    npm ci && node_modules/.bin/tsc --version
}
