"""Certificate authorities with the names and the form of Google's, under a root that nobody trusts."""

import base64
import datetime
import json
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def name_of(common_name, unit="Google Cloud"):
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in (
        (NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "California"), (NameOID.LOCALITY_NAME, "Mountain View"),
        (NameOID.ORGANIZATION_NAME, "Google LLC"), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name))])


def certificate(subject, issuer, key, issuer_key, ca, extensions=()):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
               .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
               .add_extension(x509.BasicConstraints(ca, None), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False))
    if ca:
        builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return builder.sign(issuer_key, hashes.SHA256())


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


class Authority:
    """A root and an intermediate; kind "Confidential Space" or "EK/AK CA"."""

    def __init__(self, root_name, intermediate_name):
        self.root_key, self.key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.root_name, self.name = name_of(root_name), name_of(intermediate_name)
        self.root = certificate(self.root_name, self.root_name, self.root_key.public_key(), self.root_key, True)
        self.intermediate = certificate(self.name, self.root_name, self.key.public_key(), self.root_key, True)

    def pem(self):
        return self.root.public_bytes(serialization.Encoding.PEM)

    def issue(self, subject, key, extensions=()):
        return certificate(subject, self.name, key, self.key, False, extensions)


class TokenService:
    """Google's attestation service: tokens of Confidential Space, signed under x5c (PKI) or by a kid (OIDC)."""

    def __init__(self, image_digest, app_id):
        self.authority = Authority("Confidential Space Root CA", "Confidential Space Intermediate CA")
        self.key = rsa.generate_private_key(65537, 2048)
        self.leaf = self.authority.issue(name_of("Confidential Space Leaf Certificate"), self.key.public_key())
        self.image_digest = image_digest
        self.app_id = app_id
        self.changes = {}  # claims to replace

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        return json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "fake", "e": "AQAB",
                                     "n": b64url(numbers.n.to_bytes(256, "big"))}]})

    def claims(self, audience, nonces):
        now = int(time.time())
        name = f"tee-{self.app_id}"
        return {
            "aud": audience, "exp": now + 3600, "iat": now, "nbf": now, "iss": "https://confidentialcomputing.googleapis.com",
            "sub": f"https://www.googleapis.com/compute/v1/projects/fake/zones/us-central1-a/instances/{name}",
            "eat_nonce": nonces[0] if len(nonces) == 1 else nonces, "secboot": True, "oemid": 11129,
            "hwmodel": "GCP_INTEL_TDX", "swname": "CONFIDENTIAL_SPACE", "swversion": ["250800"], "attester_tcb": ["INTEL"],
            "dbgstat": "disabled-since-boot",
            "submods": {
                "confidential_space": {"support_attributes": ["LATEST", "STABLE", "USABLE"]},
                "container": {"image_reference": f"registry.invalid/selfsame@{self.image_digest}",
                              "image_digest": self.image_digest, "restart_policy": "Never",
                              "image_id": "sha256:" + "1d" * 32, "env": {"HOSTNAME": name}, "args": ["selfsamed"]},
                "gce": {"zone": "us-central1-a", "project_id": "fake", "project_number": "1", "instance_name": name,
                        "instance_id": "2"}},
            "tdx": {"gcp_attester_tcb_status": "UpToDate", "gcp_attester_tcb_date": "2024-03-13T00:00:00Z"},
            **self.changes}

    def token(self, audience, nonces, kind):
        header = {"alg": "RS256", "typ": "JWT", "kid": "fake"}
        if kind == "PKI":
            chain = (self.leaf, self.authority.intermediate, self.authority.root)
            header["x5c"] = [base64.b64encode(der(c)).decode() for c in chain]
        signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode())
                          for part in (header, self.claims(audience, nonces)))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64url(signature)}"
