#!/bin/sh
# Makes corpus/formats/{elf,pe,pdb,coff,mach-o,wasm}/* and corpus/executable-path/*, from one small C file.
# Tools: gcc and strip of the system for ELF; `python3 -m ziglang` (PyPI) for the rest. PYTHON names the interpreter.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(dirname "$here")
zig() { "${PYTHON:-python3}" -m ziglang "$@"; }
# Always the same folder, because the PDB names it.
work=/tmp/harbour-build
rm -rf "$work" && mkdir "$work"
export ZIG_GLOBAL_CACHE_DIR="$work/cache" ZIG_LOCAL_CACHE_DIR="$work/cache"
place() { rm -rf "$corpus/$1/input"; mkdir -p "$corpus/$1/input"; cp "$2" "$corpus/$1/input/$3"; }
cat > "$work/berth.c" <<'C'
static const char *names[] = {"calm", "breeze", "gale", "storm"};
const char *weather(unsigned force) { return names[force > 3 ? 3 : force]; }
int berths(int ships) { return ships * 12 + 7; }
C
cat > "$work/main.c" <<'C'
const char *weather(unsigned force);
int berths(int ships);
int main(void) { return berths(weather(2)[0]) & 1; }
C
cat > "$work/free.c" <<'C'
int berths(int ships) { return ships * 12 + 7; }
void start(void) { volatile int kept = berths(3); (void)kept; for (;;) {} }
C
cd "$work"
flags="-O1 -fno-ident -ffile-prefix-map=$work=/build -Wl,--build-id=none -Wl,-z,noseparate-code"
gcc $flags -s -o stripped berth.c main.c
gcc $flags -g -o debug berth.c main.c
gcc $flags -shared -fPIC -o library.so berth.c
place formats/elf/stripped stripped harbour
place formats/elf/debug debug harbour
place formats/elf/library library.so libharbour.so
# A home folder in the debug information and in an assertion.
printf '%s\n' 'const char *where(void) { return __FILE__; }' 'int main(void) { return where()[0]; }' > where.c
gcc -O1 -fno-ident -s -Wl,--build-id=none -Wl,-z,noseparate-code -fmacro-prefix-map=where.c=/home/marlene/harbour/src/where.c -o leaky where.c
gcc -O1 -fno-ident -s -Wl,--build-id=none -Wl,-z,noseparate-code -fmacro-prefix-map=where.c=src/where.c -o fixed where.c
place executable-path/leaky leaky harbour
place executable-path/fixed fixed harbour
zig cc -target wasm32-freestanding -O1 -nostdlib -Wl,--no-entry -Wl,--export=berths -g0 -o plain.wasm free.c
zig cc -target wasm32-freestanding -O1 -nostdlib -Wl,--no-entry -Wl,--export=berths -g -ffile-prefix-map="$work"=/build -o debug.wasm free.c
place formats/wasm/plain plain.wasm harbour.wasm
place formats/wasm/debug debug.wasm harbour.wasm
zig cc -target x86_64-windows-gnu -O1 -nostdlib -ffreestanding -g -ffile-prefix-map="$work"=C:/build -Wl,--entry=start -Wl,--subsystem,console -o harbour.exe free.c
place formats/pe/with-pdb harbour.exe harbour.exe
place formats/pdb/debug harbour.pdb harbour.pdb
zig cc -target x86_64-windows-gnu -O1 -nostdlib -ffreestanding -s -Wl,--entry=start -Wl,--subsystem,console -o plain.exe free.c
place formats/pe/stripped plain.exe harbour.exe
zig cc -target x86_64-windows-msvc -O1 -g -gcodeview -gno-codeview-command-line -ffreestanding -ffile-prefix-map="$work"=C:/build -c -o berth.obj berth.c
place formats/coff/object berth.obj harbour.obj
zig cc -target aarch64-macos -O1 -c -g0 -o arm.o free.c
zig cc -target x86_64-macos -O1 -c -g0 -o intel.o free.c
place formats/mach-o/object arm.o harbour.o
# Both in one file, as `lipo` would put them (mach-o/fat.h).
"${PYTHON:-python3}" -c '
import struct
parts = [(0x01000007, 3, open("intel.o", "rb").read()), (0x0100000C, 0, open("arm.o", "rb").read())]
table, body, at = struct.pack(">II", 0xCAFEBABE, len(parts)), b"", 4096
for cpu, sub, data in parts:
    table += struct.pack(">IIIII", cpu, sub, at + len(body), len(data), 12)
    body += data.ljust(4096, b"\0")
open("fat.o", "wb").write(table.ljust(at, b"\0") + body)
'
place formats/mach-o/fat fat.o harbour.o
zig cc -target aarch64-macos -O1 -s -o arm.dylib -dynamiclib berth.c
place formats/mach-o/library arm.dylib libharbour.dylib
rm -rf "$work"
