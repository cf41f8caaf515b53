# shellcheck shell=bash
# The tests. Those that need a stack get their own, at PORT_BASE + 10000, made anew and stopped after.

TEST_BASE=${TEST_PORT_BASE:-$((PORT_BASE < 50000 ? PORT_BASE + 10000 : PORT_BASE - 10000))}

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-print_suppressions=0}

# test_dev FOLDER COMMAND...: ./dev for the stack under test, with the programs of a build folder.
test_dev() {
	local folder=$1
	shift
	PORT_BASE=$TEST_BASE FLEET_BUILD=$folder "$ROOT/dev" "$@"
}

test_unit() {
	local folder
	for folder in build-ci build-asan; do
		build_all "$ROOT/$folder"
		say "unit tests, $folder"
		meson test -C "$ROOT/$folder" --print-errorlogs --no-rebuild --num-processes 2
	done
	say "unit tests of the web app"
	web_test
}

# The suites of tests/ that share a stack. The page's tests have one of their own: after the faults'
# load its lists answer too late.
test_suites() {
	local suite
	for suite in integration e2e chaos; do
		if [[ -n $(find "$ROOT/tests/$suite" -name 'test_*.py' 2>/dev/null) ]]; then echo "$suite"; fi
	done
}

# A sanitizer ends the program that it finds fault with, which a test may outlive: its report counts.
test_sanitizer_reports() {
	local log=$ROOT/.local/$TEST_BASE/log
	! grep -HE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error: ' "$log"/*.log >&2
}

# The adapters' tests (tests/contract) against the servers of the stack under test.
test_contract() {
	local folder=$1 vars
	say "contract tests, $folder"
	mapfile -t vars < <(test_dev "$folder" env | grep -E '^(KAFKA_BROKERS|POSTGRES_URL|MONGODB_URL)=')
	env "${vars[@]}" meson test -C "$ROOT/$folder" --suite contract --print-errorlogs --no-rebuild --num-processes 1
}

# What fails once is run once more, and named in the closing lines: a test that passes only then is a
# fault of the test or of the fleet, but it does not hide what the others say.
TEST_AGAIN=(--reruns 1 -raR)

# test_stack FOLDER PYTEST-ARGS...: pytest's own closing line is the last.
test_stack() {
	local folder=$1 status=0
	shift
	test_dev "$folder" reset && test_dev "$folder" up || return
	if [[ $folder == build-asan ]]; then test_contract "$folder" || status=1; fi
	(
		cd "$ROOT/tests" &&
			PORT_BASE=$TEST_BASE FLEET_BUILD=$folder "$(python_folder)/bin/python" -m pytest "${TEST_AGAIN[@]}" "$@"
	) || status=$?
	test_dev "$folder" down 2>/dev/null || status=1
	test_sanitizer_reports || status=1
	return $status
}

test_prepare() {
	packages
	mkdir -p "$CACHE"
	all_of kafka_jars store python_environment web_tools || die "the tools of the tests are not complete"
}

test_all() {
	local suites
	mapfile -t suites < <(test_suites)
	cmd_lint
	test_unit
	((${#suites[@]})) || return 0
	say "end-to-end tests with sanitizers"
	test_stack build-asan e2e || die "end-to-end tests with sanitizers failed"
	say "the page in a browser"
	test_stack build-ci browser "$@" || [[ $? == 5 ]] || die "tests of the page failed" # 5: -k chose none of them
	say "${suites[*]}"
	test_stack build-ci "${suites[@]}" "$@"
}

# test [SUITE] [PYTEST-ARGS]
cmd_test() {
	local suite=${1:-all}
	shift || true
	case $suite in
	lint) cmd_lint "$@" ;;
	all | -*)
		test_prepare
		if [[ $suite == -* ]]; then set -- "$suite" "$@"; fi
		test_all "$@"
		;;
	unit)
		test_prepare
		test_unit
		;;
	*)
		[[ -d $ROOT/tests/$suite ]] || die "no suite $suite (lint unit browser $(test_suites | xargs))"
		test_prepare
		build_all "$ROOT/${FLEET_BUILD:-build-ci}"
		test_stack "${FLEET_BUILD:-build-ci}" "$suite" "$@"
		;;
	esac
}
