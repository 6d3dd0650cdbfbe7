"""The launcher of an EigenCompute or Confidential Space image, as strict as Layr-Labs/go-tpm-tools'.

Images: "eigencompute" (bound evidence, no tokens), "stock" (tokens, no bound evidence), "oidc" (a
stock image whose PKI tokens fail). Evidence and tokens are those of bound_evidence.py and google_ca.py.
"""

import base64
import binascii
import json

from bound_evidence import BoundEvidence
from google_ca import TokenService
from unix_server import UnixServer, as_text

IMAGE_DIGEST = "sha256:" + "9e" * 32
APP_ID = "0x91b53aa4357f95ee2f470c5ce66292b080eff7a5"
NO_CLIENT = "no GCA verifier client present, please try rebooting your VM"


def strict(body, known):
    """Go's decoder with DisallowUnknownFields."""
    value = json.loads(body)
    if not isinstance(value, dict) or not set(value) <= set(known):
        raise ValueError("json: unknown field")
    return value


class Launcher:
    def __init__(self, path, image="eigencompute"):
        self.image = image
        self.failing = None  # (status, text) instead of the answer
        self.challenges = []  # (challenge, extra data) of bound evidence
        self.tokens = []  # the requests for tokens
        self.service = TokenService(IMAGE_DIGEST, APP_ID)
        self.machine = BoundEvidence(IMAGE_DIGEST, APP_ID)
        self.server = UnixServer(path, self.answer)

    def stop(self):
        self.server.stop()

    def answer(self, method, path, _, body):
        if self.failing is not None:
            return as_text(*self.failing)
        if path == "/v1/bound_evidence":
            return self.bound_evidence(method, body)
        if path == "/v1/token":
            return self.token(method, body)
        return as_text(404, "404 page not found")

    def bound_evidence(self, method, body):
        if self.image != "eigencompute":
            return as_text(404, "self-verification not enabled")
        if method != "POST":
            return as_text(405, f"method {method} not allowed, use POST")
        try:
            request = strict(body, ("challenge", "extra_data"))
            challenge = base64.b64decode(request.get("challenge", ""), validate=True)
            extra = base64.b64decode(request.get("extra_data", ""), validate=True)
        except (ValueError, binascii.Error) as problem:
            return as_text(400, f"failed to parse request body: {problem}")
        if not challenge:
            return as_text(400, "challenge is required")
        self.challenges.append((challenge, extra))
        return 200, "application/octet-stream", self.machine.make(challenge, extra)

    def token(self, method, body):
        if self.image == "eigencompute":
            return as_text(500, NO_CLIENT)
        if method != "POST":
            return as_text(200, "the.default.token")
        try:
            request = strict(body, ("audience", "nonces", "token_type"))
        except ValueError as problem:
            return as_text(400, f"failed to parse request body: {problem}")
        if not request.get("audience"):
            return as_text(400, "use GET request for the default identity token")
        if not request.get("token_type"):
            return as_text(400, "token_type is a required parameter")
        self.tokens.append(request)
        if self.image == "oidc" and request["token_type"] == "PKI":
            return as_text(500, NO_CLIENT)
        token = self.service.token(request["audience"], request["nonces"], request["token_type"])
        return 200, "text/html; charset=utf-8", token.encode()
