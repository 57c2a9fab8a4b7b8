#!/usr/bin/env python3
"""What no packaged program plays of a phone: it takes a push on port 80, and joins the group that it names.

phone.py ADDRESS [deaf]: answers /CGI/Execute with success and joins the group; `deaf` answers and does not join."""
import re, socket, socketserver, http.server, sys
address, deaf = sys.argv[1], "deaf" in sys.argv[2:]
joined = []
class Phone(http.server.BaseHTTPRequestHandler):
    protocol_version, server_version, sys_version = "HTTP/1.1", "Allegro-Software-RomPager/4.34", ""
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = b'<?xml version="1.0"?><CiscoIPPhoneResponse><ResponseItem Status="0" Data="Success" URL=""/></CiscoIPPhoneResponse>'
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        named = re.search(r"RTPMRx(?:%3A|:)(\d+\.\d+\.\d+\.\d+)(?:%3A|:)(\d+)", body)
        if named and not deaf:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((named.group(1), int(named.group(2))))
            s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(named.group(1)) + socket.inet_aton(address))
            joined.append(s)
    def log_message(self, *_):
        pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer((address, 80), Phone)
print("READY", flush=True)
server.serve_forever()
