# Sourced by bench/accuracy.sh, compare.sh, growth.sh, performance.sh and rows.sh, with $root set: the packages and
# the build that a race against others needs. Plain sh.
#
#     build_bench TARGET ...      builds a release of these in $build (with $bench_options for CMake, if set), and takes
#                                 away ceilings that the caller set

. "$root/cmake/packages.sh"
need gcc "compiles the library and the measurement"
need g++ "compiles the calls of PyTorch and Eigen"
need libc6-dev "the C library's headers"
need cmake "configures the build"
need ninja-build "runs the build"
need libdnnl-dev "oneDNN"
need libxnnpack-dev "XNNPACK"
need libpthreadpool-dev "XNNPACK's headers include it"
need libcpuinfo-dev "XNNPACK's look at the CPU, which a cap changes"
need libeigen3-dev "Eigen"
need libtorch-dev "PyTorch, without Python"
need libopenblas0-serial "the BLAS that PyTorch loads; one thread"

build=$root/build/bench

build_bench() {
    install_needed
    log=$build.log
    mkdir -p "$root/build"
    echo "Building into ${build#"$PWD/"} ..." >&2
    # Afresh: a directory configured for another compiler would lose the options given here.
    if ! {
        cmake --fresh -G Ninja -S "$root" -B "$build" -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ \
            -DCMAKE_BUILD_TYPE=Release -DACTIV_BUILD_TESTS=OFF -DACTIV_BUILD_EXAMPLES=OFF -DACTIV_BUILD_TOOL=ON \
            -DACTIV_BUILD_BENCH_PEERS=ON ${bench_options:-} &&
        cmake --build "$build" -j 2 --target "$@"
    } > "$log" 2>&1; then
        cat "$log" >&2
        exit 2
    fi
    # They would be hard to notice in a table.
    unset ACTIV_MAX_TIER ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA ATEN_CPU_CAPABILITY BENCH_CAP
}
