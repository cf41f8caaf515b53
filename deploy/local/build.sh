# shellcheck shell=bash
# Compiling: each build folder says by its name what it is for.

# build_configure FOLDER COMPILER MESON-OPTIONS...
build_configure() {
	local folder=$1 compiler=$2
	shift 2
	[[ -f $folder/build.ninja ]] ||
		CC=$compiler logged "$ROOT/.local/log/$(basename "$folder").log" "configuring $(basename "$folder")" meson setup "$folder" "$ROOT" "$@"
}

# build_folder FOLDER [programs]: all, or without the unit tests.
build_folder() {
	local folder=$1 targets=()
	case $(basename "$folder") in
	build-asan)
		build_configure "$folder" clang -Dwerror=true -Db_lundef=false -Db_sanitize=address,undefined
		;;
	build-ci) build_configure "$folder" gcc -Dwerror=true ;;
	*) build_configure "$folder" gcc -Dwerror=false ;;
	esac
	if [[ ${2:-} == programs ]]; then
		ninja -C "$folder" build.ninja >/dev/null # a program that is new in meson.build counts
		mapfile -t targets < <(ninja -C "$folder" -t targets all |
			sed -n 's#^\(\(services\|tools\)/[^/.]*\): c_LINKER.*#\1#p')
	fi
	logged "$ROOT/.local/log/$(basename "$folder").log" "building $(basename "$folder")" \
		ninja -C "$folder" "${targets[@]}"
}

build_locked() {
	mkdir -p "$ROOT/.local"
	locked "$ROOT/.local/$(basename "$1").lock" build_folder "$@"
}

build_all() {
	build_locked "${1:-$BUILD}"
}

build_programs() {
	build_locked "$BUILD" programs
}

cmd_build() {
	packages
	build_all "$@"
	web_build
}
