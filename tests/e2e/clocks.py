"""Another clock for a running process, as if the operator had set it: no library is preloaded, the programs are static.

Programs read the clock in the vDSO, code that the kernel maps into every process. Its functions are replaced, in that
process alone (the page is private from the first write on), by ones that ask the kernel and add what they are told to.
"""

import platform
import re
import struct

REALTIME, MONOTONIC = 0, 1
PT_LOAD, PT_DYNAMIC, DT_STRTAB, DT_SYMTAB, STT_FUNC = 1, 2, 5, 6, 2


class NotPermitted(Exception):
    """Another process's memory cannot be written here."""


def clock_gettime_with(clock, seconds):
    """clock_gettime(2) on x86-64, `seconds` later when it is asked for this clock."""
    return (b"\xb8\xe4\x00\x00\x00"  # mov eax, 228
            b"\x0f\x05"  # syscall
            b"\x85\xc0\x75\x0f"  # test eax, eax; jnz end
            b"\x83\xff" + struct.pack("<b", clock) +  # cmp edi, clock
            b"\x75\x0a"  # jne end
            b"\x48\xc7\xc1" + struct.pack("<i", seconds) +  # mov rcx, seconds
            b"\x48\x01\x0e"  # add [rsi], rcx
            b"\xc3")  # end: ret


def time_with(seconds):
    """time(2), likewise; by clock_gettime(2), which every filter of ours allows."""
    return (b"\x57\x48\x83\xec\x10"  # push rdi; sub rsp, 16
            b"\x31\xff\x48\x89\xe6"  # xor edi, edi; mov rsi, rsp
            b"\xb8\xe4\x00\x00\x00\x0f\x05"  # mov eax, 228; syscall
            b"\x48\x8b\x04\x24"  # mov rax, [rsp]
            b"\x48\x83\xc4\x10\x5f"  # add rsp, 16; pop rdi
            b"\x48\x05" + struct.pack("<i", seconds) +  # add rax, seconds
            b"\x48\x85\xff\x74\x03"  # test rdi, rdi; je end
            b"\x48\x89\x07"  # mov [rdi], rax
            b"\xc3")  # end: ret


def symbols(image):
    """{name: offset} of the functions of an ELF image as it is mapped."""
    offset, size, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", image, offset + i * size) for i in range(count)]
    base = next(h[3] for h in headers if h[0] == PT_LOAD)
    at = next(h[2] for h in headers if h[0] == PT_DYNAMIC)
    dynamic = {}
    while True:
        tag, value = struct.unpack_from("<QQ", image, at)
        if tag == 0:
            break
        dynamic[tag] = value - base
        at += 16
    names, found = dynamic[DT_STRTAB], {}
    # the names stand behind the symbols
    for entry in range(dynamic[DT_SYMTAB], names - 23, 24):
        name, info, _, _, value, _ = struct.unpack_from("<IBBHQQ", image, entry)
        if info & 15 == STT_FUNC:
            text = image[names + name:image.index(b"\0", names + name)]
            found[text.decode()] = value - base
    return found


def set_forward(pid, clock, seconds):
    """From now on the process sees this clock so many seconds later. NotPermitted."""
    if platform.machine() != "x86_64":
        raise NotPermitted("written for x86-64")
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        line = re.search(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ +\[vdso\]$", maps.read(), re.M)
    if line is None:
        raise NotPermitted("no vDSO")
    begin, end = int(line.group(1), 16), int(line.group(2), 16)
    try:
        with open(f"/proc/{pid}/mem", "r+b", 0) as mem:
            mem.seek(begin)
            image = mem.read(end - begin)
            functions, room = symbols(image), image.rindex(bytes(128))
            bodies = {"__vdso_clock_gettime": clock_gettime_with(clock, seconds)}
            if clock == REALTIME:
                bodies["__vdso_time"] = time_with(seconds)
            for name, body in bodies.items():
                mem.seek(begin + room)
                mem.write(body)
                mem.seek(begin + functions[name])
                mem.write(b"\xe9" + struct.pack("<i", room - functions[name] - 5))  # jmp
                room += 64
    except (OSError, ValueError) as error:
        raise NotPermitted(str(error)) from error
