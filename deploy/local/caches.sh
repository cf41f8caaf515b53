# shellcheck shell=bash
# What is downloaded or built once per machine and kept outside the work tree: Kafka's jars, the
# MongoDB-compatible store, the Python environment. Each folder is complete or absent.

KAFKA_LIBS=$CACHE/kafka-$KAFKA_VERSION
STORE_RUST=$CACHE/secantusd-$STORE_VERSION
STORE_PYTHON=$CACHE/secantusd-py-$STORE_PYTHON_VERSION

# cached FOLDER WHAT FUNCTION: FUNCTION fills the folder that it is given as its argument.
cached() {
	[[ -d $1 ]] || locked "$1.lock" cached_fill "$@"
}

cached_fill() {
	local folder=$1 what=$2 fill=$3
	[[ ! -d $folder ]] || return 0
	rm -rf "$folder.partial"
	logged "$folder.log" "$what" "$fill" "$folder.partial"
	mv "$folder.partial" "$folder"
}

kafka_jars() {
	cached "$KAFKA_LIBS" "fetching Kafka $KAFKA_VERSION" kafka_jars_fetch
}

kafka_jars_fetch() {
	mvn -B -q -ntp -f "$LOCAL/kafka/pom.xml" \
		-Dkafka.version="$KAFKA_VERSION" -Dlog4j.version="$KAFKA_LOG4J_VERSION" \
		"org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
		-DincludeScope=runtime -DoutputDirectory="$1"
}

# The Rust server where it can be built, else its Python sibling. STORE_FLAVOUR=python asks for that.
store() {
	if [[ ${STORE_FLAVOUR:-rust} == rust ]]; then
		[[ ! -d $STORE_RUST ]] || return 0
		if command -v cargo >/dev/null; then
			cached "$STORE_RUST" "building the MongoDB-compatible store (some minutes)" \
				store_rust_build && return
		fi
		[[ -d $STORE_PYTHON ]] ||
			say "no Rust toolchain that builds the store: taking its slower Python server"
	fi
	cached "$STORE_PYTHON" "fetching the MongoDB-compatible store" store_python_fetch
}

store_rust_build() {
	CARGO_TARGET_DIR=$1.target cargo install secantus-mdb --version "$STORE_VERSION" --locked \
		--ignore-rust-version --root "$1" && rm -rf "$1.target"
}

store_python_fetch() {
	python3 -m venv "$1" &&
		"$1/bin/python" -m pip -q install --disable-pip-version-check "SecantusDB==$STORE_PYTHON_VERSION"
}

# The tests' and the LIS simulator's Python, keyed by what it holds.
python_folder() {
	echo "$CACHE/python-$(sha256sum <"$ROOT/tests/requirements.txt" | cut -c 1-12)"
}

python_environment() {
	cached "$(python_folder)" "making the Python environment" python_environment_make
}

python_environment_make() {
	python3 -m venv "$1" &&
		"$1/bin/python" -m pip -q install --disable-pip-version-check -r "$ROOT/tests/requirements.txt"
}
