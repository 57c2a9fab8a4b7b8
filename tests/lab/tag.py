#!/usr/bin/env python3
"""802.1Q for a kernel that has none: a relay that stands in a cable.

tag.py relay INSIDE OUTSIDE FILE: from when FILE names a VLAN, IPv4 and ARP get its tag on their way out and lose it on
their way in, and whatever is in another VLAN does not pass; CDP and LLDP, and all before then, pass as they are.
tag.py whole DEVICE: its checksums and segments are made by the kernel, and not left to the hardware."""
import ctypes, fcntl, os, select, socket, struct, sys

AUXDATA, OUTGOING, TAG_VALID = 8, 4, 0x10


def whole(device):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for what in (0x1F, 0x24, 0x17, 0x2C):  # TSO, GSO, TX checksums, GRO
        value = ctypes.create_string_buffer(struct.pack("II", what, 0))
        try:
            fcntl.ioctl(s, 0x8946, struct.pack("16sP", device.encode(), ctypes.addressof(value)) + b"\0" * 16)
        except OSError as error:
            print(device, hex(what), error, flush=True)


def opened(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(263, AUXDATA, 1)  # SOL_PACKET
    s.bind((device, 0))
    return s


def receive(s):
    """The frame without its tag, and the VLAN; the kernel takes a tag out of the frame and tells it beside it."""
    data, beside, _, address = s.recvmsg(65536, 64)
    if address[2] == OUTGOING:
        return None, None
    vlan = None
    for level, kind, bytes_ in beside:
        status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", bytes_[:20])
        if (level, kind) == (263, AUXDATA) and status & TAG_VALID:
            vlan = tci & 0xFFF
    if vlan is None and data[12:14] == b"\x81\x00":
        vlan, data = struct.unpack("!H", data[14:16])[0] & 0xFFF, data[:12] + data[16:]
    return data, vlan


def tagged(data, vlan):
    priority = data[15] >> 5 if data[12:14] == b"\x08\x00" else 0  # as the precedence of IP says
    return data[:12] + struct.pack("!HH", 0x8100, priority << 13 | vlan) + data[12:]


if sys.argv[1] == "whole":
    whole(sys.argv[2])
    sys.exit()
inside, outside = opened(sys.argv[2]), opened(sys.argv[3])
vlan = None
print("READY", flush=True)
while True:
    for s in select.select([inside, outside], [], [])[0]:
        data, seen = receive(s)
        if data is None:
            continue
        if vlan is None and os.path.exists(sys.argv[4]):
            vlan = int(open(sys.argv[4]).read())
        to = outside if s is inside else inside
        if vlan is None or data[12:14] not in (b"\x08\x00", b"\x08\x06"):
            to.send(data if seen is None else tagged(data, seen))
        elif s is inside and seen is None:
            to.send(tagged(data, vlan))
        elif s is outside and seen == vlan:
            to.send(data)
