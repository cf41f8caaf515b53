# shellcheck shell=bash
# The benchmarks: tests/bench/NAME.py prints a table and writes JSON into the file BENCH_JSON.

cmd_bench() {
	local name names=("${1:-}")
	if [[ -z ${1:-} ]]; then
		mapfile -t names < <(cd "$ROOT/tests/bench" && find . -maxdepth 1 -name '*.py' ! -name '_*' -printf '%f\n' | sed 's/\.py$//' | sort)
	fi
	shift || true
	stack_up
	python_environment
	mkdir -p "$ROOT/.local/bench"
	for name in "${names[@]}"; do
		[[ -f $ROOT/tests/bench/$name.py ]] || die "no benchmark $name"
		(
			cd "$ROOT/tests" || exit
			BENCH_JSON=$ROOT/.local/bench/$name.json "$(python_folder)/bin/python" -m "bench.$name" "$@"
		)
	done
}
