"""A provisioning certificate caching service (API v4) that serves one bundle of collateral.

Its answers are made as the real ones are: documents as they were signed, issuer chains
percent-encoded in headers, CRLs in DER (or hex, as some services answer). `fault` makes it
misbehave. In tests: `with Pccs(bundle) as pccs: ... pccs.url`.
"""

import http.server
import json
import ssl
import threading
import time
import urllib.parse


def encode_chain(pem):
    """As Intel's service does it: every reserved character, so that '+' is %2B."""
    return urllib.parse.quote(pem, safe="")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, kind, chain=None, status=200, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-ID", "0123456789abcdef")
        if chain is not None:
            self.send_header(chain[0], encode_chain(chain[1]))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def crl(self, value):
        der = bytes.fromhex(value)
        if self.server.pccs.fault == "hex":
            return der.hex().encode()
        return der

    def document(self, path, query):
        """(body, content type, (header, chain)) or None"""
        b = self.server.pccs.bundle
        fmspc = query.get("fmspc", [""])[0].upper()
        if path == "/sgx/certification/v4/pckcrl" and query.get("encoding") == ["der"]:
            return self.crl(b["pck_crl"]), "application/pkix-crl", ("SGX-PCK-CRL-Issuer-Chain", b["pck_crl_issuer_chain"])
        if path == "/sgx/certification/v4/rootcacrl":
            return self.crl(b["root_ca_crl"]), "application/pkix-crl", None
        if path == "/tdx/certification/v4/tcb" and fmspc == json.loads(b["tcb_info"])["fmspc"].upper():
            body = '{"tcbInfo":%s,"signature":"%s"}' % (b["tcb_info"], b["tcb_info_signature"])
            return body.encode(), "application/json", ("TCB-Info-Issuer-Chain", b["tcb_info_issuer_chain"])
        if path == "/tdx/certification/v4/qe/identity":
            body = '{"enclaveIdentity":%s,"signature":"%s"}' % (b["qe_identity"], b["qe_identity_signature"])
            return body.encode(), "application/json", ("SGX-Enclave-Identity-Issuer-Chain", b["qe_identity_issuer_chain"])
        return None

    def misbehave(self, pccs, path):
        """Whether the fault has answered already."""
        fault = pccs.fault
        if fault == "flaky" and pccs.count(path) <= 2:
            self.answer(b"busy", "text/plain", status=503)
        elif fault == "down":
            self.answer(b"", "text/plain", status=500)
        elif fault == "throttled" and pccs.count(path) <= 1:
            self.answer(b"", "text/plain", status=429, headers=[("Retry-After", "1")])
        elif fault == "cut" and pccs.count(path) <= 1:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
        elif fault == "huge":
            self.answer(b"[" * 400000, "application/json")
        elif fault == "slow":
            time.sleep(pccs.delay)
            return False
        elif fault == "to-file":
            self.answer(b"", "text/plain", status=302, headers=[("Location", "file:///etc/passwd")])
        elif fault == "to-http":
            self.answer(b"", "text/plain", status=302, headers=[("Location", f"http://127.0.0.1:1{path}")])
        elif fault == "forbidden":
            self.answer(b"", "text/plain", status=401)
        else:
            return False
        return True

    def do_GET(self):
        pccs = self.server.pccs
        url = urllib.parse.urlsplit(self.path)
        pccs.requests.append(self.path)
        if self.misbehave(pccs, url.path):
            return
        found = self.document(url.path, urllib.parse.parse_qs(url.query))
        if found is None or (pccs.fault == "no-root-crl" and url.path.endswith("rootcacrl")):
            self.answer(b"No cache data for this platform.", "text/plain", status=404)
            return
        body, kind, chain = found
        if pccs.fault == "no-chain":
            chain = None
        if pccs.fault == "bad-chain" and chain is not None:
            chain = (chain[0], chain[1] + "\x01")
        if pccs.fault == "not-json" and kind == "application/json":
            body = b"<html>"
        self.answer(body, kind, chain)


class Pccs:
    """certificate: (file, key file) for TLS."""

    def __init__(self, bundle, fault=None, certificate=None, delay=0):
        self.bundle, self.fault, self.delay, self.requests = bundle, fault, delay, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.pccs = self
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}"

    def count(self, path):
        return sum(1 for r in self.requests if urllib.parse.urlsplit(r).path == path)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
