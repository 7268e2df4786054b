# The WebAssembly toolchain: finds clang, wasm-ld, Emscripten's sysroot and
# wasm-opt, and says how a module is linked and finished. Included before
# project(), which then takes the compiler named here.

# em-config belongs to Emscripten and knows where it keeps clang and libc.
find_program(PCL_EM_CONFIG em-config HINTS $ENV{EMSDK}/upstream/emscripten)
if(PCL_EM_CONFIG)
    execute_process(COMMAND ${PCL_EM_CONFIG} CACHE OUTPUT_VARIABLE em_cache OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${PCL_EM_CONFIG} LLVM_ROOT OUTPUT_VARIABLE em_llvm OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_path(PCL_WASM_SYSROOT include/emscripten.h include/emscripten/emscripten.h
          PATHS ${em_cache}/sysroot /usr/share/emscripten/cache/sysroot NO_DEFAULT_PATH
          DOC "Emscripten's headers and libc")

# The first clang of version 18 or newer: Emscripten's own, else one beside it.
set(clang_versions 22 21 20 19 18)
set(llvm_folders ${em_llvm} $ENV{EMSDK}/upstream/bin)
foreach(version ${clang_versions})
    list(APPEND llvm_folders /usr/lib/llvm-${version}/bin)
endforeach()
if(NOT PCL_WASM_LLVM)
    foreach(folder ${llvm_folders})
        if(EXISTS ${folder}/clang AND EXISTS ${folder}/wasm-ld)
            execute_process(COMMAND ${folder}/clang -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
            if(version VERSION_GREATER_EQUAL 18)
                set(PCL_WASM_LLVM ${folder} CACHE PATH "Folder of clang, wasm-ld and llvm-ar, 18 or newer")
                break()
            endif()
        endif()
    endforeach()
endif()

find_program(PCL_WASM_OPT wasm-opt PATHS ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/.bin NO_DEFAULT_PATH
             DOC "wasm-opt of npm's binaryen")

find_program(PCL_NODE node REQUIRED)

if(NOT PCL_WASM_SYSROOT OR NOT PCL_WASM_LLVM)
    message(FATAL_ERROR "No WebAssembly toolchain. Install a current emsdk and put it on the PATH, "
                        "or on Debian: apt-get install emscripten clang-19 lld-19 llvm-19\n"
                        "  Emscripten's sysroot: ${PCL_WASM_SYSROOT}\n  clang and wasm-ld >= 18: ${PCL_WASM_LLVM}")
endif()
if(NOT PCL_WASM_OPT)
    message(FATAL_ERROR "wasm-opt not found in node_modules: run npm install")
endif()

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER ${PCL_WASM_LLVM}/clang)
set(CMAKE_C_COMPILER_TARGET wasm32-unknown-emscripten)
set(CMAKE_AR ${PCL_WASM_LLVM}/llvm-ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${PCL_WASM_LLVM}/llvm-ranlib CACHE FILEPATH "")
set(CMAKE_SYSROOT ${PCL_WASM_SYSROOT})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_LINK_EXECUTABLE "${PCL_WASM_LLVM}/wasm-ld <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")

# pcl_add_wasm_module(name sources…): name[-threads].wasm in the build folder.
#
# Exports: every PCL_API function, malloc and free, and the memory. Nothing is
# imported by the single-thread form; the threaded one imports env.memory,
# shared, 32 to 32768 pages (the loader may make its maximum smaller).
# The stack lies first, so that overflow traps instead of reaching data. The first KiB are its last, which nothing
# reaches but an overflow about to happen: so wasm-opt may take them for unused, and add constants within loads.
#
# Nothing linked may have static constructors: wasm-ld would wrap every export
# so that each call runs them again. build.mjs checks this.
function(pcl_add_wasm_module name)
    set(suffix "")
    set(archives libc libcompiler_rt)
    set(link_flags --no-entry --gc-sections --strip-debug --stack-first -z stack-size=458752
        --initial-memory=2097152 --max-memory=2147483648 --export=malloc --export=free)
    set(features --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext
        --enable-mutable-globals)
    if(PCL_WASM STREQUAL "relaxed")
        list(APPEND features --enable-relaxed-simd)
    endif()
    if(PCL_THREADS)
        set(suffix "-threads")
        # Only the thread that owns a model allocates, and helpers run nothing
        # but steps, so the plain libc serves: its threaded form would bring
        # pthreads, which need Emscripten's JavaScript.
        list(APPEND link_flags --no-check-features)
        list(APPEND features --enable-threads)
        # What a helper thread's instance needs to get a stack of its own (and
        # thread-local data, should there ever be any: __tls_size is 0 today).
        list(APPEND link_flags --shared-memory --import-memory
             --export=__stack_pointer --export=__wasm_init_tls --export=__tls_size --export=__tls_align)
    endif()
    foreach(archive ${archives})
        set(path ${PCL_WASM_SYSROOT}/lib/wasm32-emscripten/${archive}.a)
        if(NOT EXISTS ${path})
            message(FATAL_ERROR "${path} is missing: run `embuilder build ${archive}`")
        endif()
        list(APPEND libraries ${path})
    endforeach()
    list(JOIN link_flags " " link_flags)

    set(linked ${name}${suffix}.linked)
    set(module ${CMAKE_BINARY_DIR}/${name}${suffix}.wasm)
    add_executable(${linked} ${ARGN})
    target_link_libraries(${linked} PRIVATE pincel_options ${libraries})
    set_target_properties(${linked} PROPERTIES LINK_FLAGS "${link_flags}" SUFFIX .wasm)
    # Twice, for 500 bytes; in between, functions that are alike come to lie side by side.
    set(optimise ${PCL_WASM_OPT} --no-inline=*_apart* --low-memory-unused -O3 ${features})
    set(order ${CMAKE_CURRENT_SOURCE_DIR}/js/build/order.mjs)
    add_custom_command(OUTPUT ${module}
        COMMAND ${optimise} $<TARGET_FILE:${linked}> -S -o ${module}.wat
        COMMAND ${PCL_NODE} ${order} ${module}.wat ${module}.ordered.wat
        COMMAND ${optimise} --strip-debug --strip-producers --strip-target-features ${module}.ordered.wat -o ${module}
        DEPENDS ${linked} ${order} VERBATIM)
    add_custom_target(${name}${suffix} ALL DEPENDS ${module})
endfunction()
