"""Bound evidence as the launcher of EigenCompute makes it: TPM quotes and a TDX quote over one challenge,
the canonical event log in RTMR3 and PCR 13, an attestation key that an authority of ours certified."""

import hashlib
import pathlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from google_ca import Authority, der

QUOTE = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "tests" / "fakes" / "quote"
INSTANCE = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.21")
BANKS = {4: hashlib.sha1, 11: hashlib.sha256, 12: hashlib.sha384}  # TPM_ALG_ID


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


# --- encodings ------------------------------------------------------------------------------

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def run(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(field, value):
    """proto3 leaves a zero out"""
    return varint(field << 3) + varint(value) if value else b""


def tlv(kind, value):
    return bytes([kind]) + len(value).to_bytes(4, "big") + value


def sized(data):
    return len(data).to_bytes(2, "big") + data


def asn1(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + (bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])) + content


def asn1_int(value):
    return asn1(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


class BoundEvidence:
    def __init__(self, image_digest, app_id):
        self.authority = Authority("EK/AK CA Root", "EK/AK CA Intermediate")
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.spki = self.key.public_key().public_bytes(serialization.Encoding.DER,
                                                       serialization.PublicFormat.SubjectPublicKeyInfo)
        self.certificate = self.certify(f"tee-{app_id}")
        self.events = [(0, b"registry.invalid/selfsame"), (1, image_digest.encode()), (2, b"Never"),
                       (3, b"sha256:" + b"1d" * 32), (4, b"selfsamed"), (5, f"HOSTNAME=tee-{app_id}".encode()), (8, b"")]

    def certify(self, name):
        extension = asn1(0x30, asn1(0x0C, b"us-central1-a"), asn1_int(1), asn1(0x0C, b"fake"), asn1_int(2),
                         asn1(0x0C, name.encode()),
                         asn1(0xA0, asn1(0x30, asn1(0xA0, asn1_int(0)), asn1(0xA1, asn1(0x01, b"\xff")))))
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in (
            (NameOID.LOCALITY_NAME, "us-central1-a"), (NameOID.ORGANIZATION_NAME, "Google Compute Engine"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "fake"), (NameOID.COMMON_NAME, "2"))])
        return self.authority.issue(subject, self.key.public_key(), [x509.UnrecognizedExtension(INSTANCE, extension)])

    # --- the launcher's log ------------------------------------------------------------------

    def contents(self):
        return [tlv(80, tlv(kind, value)) for kind, value in self.events]

    def log(self):
        out = b""
        for i, content in enumerate(self.contents()):
            digest = tlv(12, hashlib.sha384(content).digest())
            out += tlv(0, i.to_bytes(8, "big")) + tlv(108, b"\x04") + tlv(3, digest) + content
        return out

    def register(self, algorithm):
        value = bytes(algorithm().digest_size)
        for content in self.contents():
            value = algorithm(value + algorithm(content).digest()).digest()
        return value

    # --- the TPM -----------------------------------------------------------------------------

    def public_area(self):
        point = self.key.public_key().public_numbers()
        head = bytes.fromhex("0023000b00050072000000100018000b00030010")
        return head + sized(point.x.to_bytes(32, "big")) + sized(point.y.to_bytes(32, "big"))

    def tpm_quote(self, bank, nonce):
        algorithm = BANKS[bank]
        pcrs = [bytes(algorithm().digest_size)] * 24
        pcrs[13] = self.register(algorithm)
        signer = b"\x00\x0b" + sha256(bytes.fromhex("4000000b000b") + sha256(self.public_area()))
        attest = (bytes.fromhex("ff5443478018") + sized(signer) + sized(nonce) + bytes(8) + bytes(9)
                  + bytes(8) + (1).to_bytes(4, "big") + bank.to_bytes(2, "big") + b"\x03\xff\xff\xff" + sized(sha256(*pcrs)))
        r, s = decode_dss_signature(self.key.sign(attest, ec.ECDSA(hashes.SHA256())))
        signature = bytes.fromhex("0018000b") + sized(r.to_bytes(32, "big")) + sized(s.to_bytes(32, "big"))
        values = b"".join(run(2, varint(8) + varint(i) + run(2, value)) for i, value in enumerate(pcrs))
        return run(1, attest) + run(2, signature) + run(3, number(1, bank) + values)

    # --- the TD quote, taken apart -------------------------------------------------------------

    def tdx_message(self, report_data):
        rtmr3 = self.register(hashlib.sha384)
        raw = bytes.fromhex(subprocess.run([str(QUOTE), report_data.hex(), rtmr3.hex()], capture_output=True, text=True,
                                           check=True).stdout)

        def le(begin, end):
            return int.from_bytes(raw[begin:end], "little")

        header = (number(1, le(0, 2)) + number(2, le(2, 4)) + number(3, le(4, 8)) + run(4, raw[10:12]) + run(5, raw[8:10])
                  + run(6, raw[12:28]) + run(7, raw[28:48]))
        body, at = b"", 48
        for field, length in enumerate((16, 48, 48, 8, 8, 8, 48, 48, 48, 48), 1):
            body += run(field, raw[at:at + length])
            at += length
        body += b"".join(run(11, raw[at + 48 * i:at + 48 * i + 48]) for i in range(4)) + run(12, raw[at + 192:at + 256])
        auth = 1220 + le(1218, 1220)
        end = auth + 6 + le(auth + 2, auth + 6)
        report = raw[770:1154]
        qe = (run(1, report[:16]) + number(2, int.from_bytes(report[16:20], "little")) + run(3, report[20:48])
              + run(4, report[48:64]) + run(5, report[64:96]) + run(6, report[96:128]) + run(7, report[128:160])
              + run(8, report[160:256]) + number(9, int.from_bytes(report[256:258], "little"))
              + number(10, int.from_bytes(report[258:260], "little")) + run(11, report[260:320]) + run(12, report[320:384]))
        data = (run(1, qe) + run(2, raw[1154:1218]) + run(3, number(1, auth - 1220) + run(2, raw[1220:auth]))
                + run(4, number(1, le(auth, auth + 2)) + number(2, le(auth + 2, auth + 6)) + run(3, raw[auth + 6:end])))
        signed = (run(1, raw[636:700]) + run(2, raw[700:764])
                  + run(3, number(1, le(764, 766)) + number(2, le(766, 770)) + run(3, data)))
        return run(1, header) + run(2, body) + number(3, le(632, 636)) + run(4, signed)

    def make(self, challenge, extra):
        tail = [sha256(extra)] if extra else []
        tpm_nonce = sha256(b"WORKLOAD_ATTESTATION", b"INTEL_TDX", sha256(challenge), *tail)
        tail = [sha512(extra)] if extra else []
        bound = sha512(b"WORKLOAD_ATTESTATION", sha512(challenge), sha512(self.spki), *tail)
        return (run(1, self.public_area()) + b"".join(run(2, self.tpm_quote(bank, tpm_nonce)) for bank in BANKS)
                + run(5, self.log()) + run(6, der(self.certificate)) + run(7, der(self.authority.intermediate))
                + run(7, der(self.authority.root)) + run(9, self.tdx_message(bound)))
