"""docs/openapi.yaml is true: the server is driven from it, and its answers are checked against it."""

import json
import secrets

import pytest
import yaml
from conftest import ROOT, register
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource

SPEC = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
REGISTRY = Registry().with_resource("urn:spec", Resource.from_contents(
    {"$schema": "https://json-schema.org/draft/2020-12/schema", **SPEC}))


def resolve(node):
    while "$ref" in node:
        target = SPEC
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part.replace("~1", "/")]
        node = target
    return node


def absolute(node):
    """The same schema with its references pointing into the document."""
    if isinstance(node, dict):
        return {k: f"urn:spec{v}" if k == "$ref" else absolute(v) for k, v in node.items()}
    return [absolute(v) for v in node] if isinstance(node, list) else node


def check(template, method, status, headers, body):
    """The answer is one that the document promises for this operation."""
    operation = SPEC["paths"][template][method.lower()]
    promised = operation["responses"]
    assert str(status) in promised or "default" in promised, f"{method} {template} answered {status}"
    content = resolve(promised.get(str(status), promised.get("default"))).get("content", {})
    kind = headers.get("Content-Type", "").split(";")[0]
    assert kind in content, f"{method} {template} {status}: {kind} is not promised"
    schema = content[kind].get("schema")
    if "json" in kind and schema is not None:
        Draft202012Validator(absolute(schema), registry=REGISTRY).validate(body)


def test_the_document_is_valid():
    validate(SPEC)


def test_the_server_serves_the_document(daemon):
    status, _, text = daemon.request("GET", "/openapi.yaml")
    assert status == 200 and yaml.safe_load(text) == SPEC


def test_every_operation_answers_as_promised(daemon, market):
    seen = set()

    def go(method, template, path=None, body=None, headers=None, want=None):
        status, fields, answer = daemon.request(method, path or template, body, headers)
        check(template, method, status, fields, answer)
        assert want is None or status == want, answer
        seen.add((template, method.lower()))
        return answer

    agent = register(daemon)
    market.fund(agent.address)
    key = agent.headers()
    split = {"type": "split", "conditionId": market.condition, "amount": "1"}
    go("GET", "/health", want=200)
    go("GET", "/metrics", want=200)
    go("GET", "/openapi.yaml", want=200)
    go("GET", "/attestation", f"/attestation?nonce={secrets.token_hex(32)}", want=200)
    go("GET", "/attestation", want=400)
    go("POST", "/register", body={"agentId": f"o-{secrets.token_hex(4)}"}, want=201)
    go("POST", "/register", body={"agentId": agent.id}, want=409)
    go("POST", "/register", body={"agentId": "bad name"}, want=400)
    trade = go("POST", "/trade", body=split, headers=key, want=200)
    go("POST", "/trade", body=split, headers={**key, "Prefer": "respond-async"}, want=202)
    go("POST", "/trade", body={**split, "amount": "1000"}, headers=key, want=403)
    go("POST", "/trade", body=split, want=401)
    go("GET", "/trades/{tradeId}", f"/trades/{trade['tradeId']}", headers=key, want=200)
    go("GET", "/trades/{tradeId}", "/trades/trd_" + "0" * 32, headers=key, want=404)
    go("GET", "/agents/{agentId}", f"/agents/{agent.id}", headers=key, want=200)
    go("GET", "/agents/{agentId}/trades", f"/agents/{agent.id}/trades?limit=1", headers=key, want=200)
    go("GET", "/agents/{agentId}/balances", f"/agents/{agent.id}/balances", headers=key, want=200)
    go("POST", "/agents/{agentId}/sign", f"/agents/{agent.id}/sign", {"message": "hello"}, key, want=403)
    go("PATCH", "/agents/{agentId}/policy", f"/agents/{agent.id}/policy", {"policy": {"actions": ["redeem"]}}, key, want=200)
    go("PATCH", "/agents/{agentId}/policy", f"/agents/{agent.id}/policy", {"policy": {"actions": ["split"]}}, key, want=403)
    go("POST", "/agents/{agentId}/rotate-key", f"/agents/{agent.id}/rotate-key", {}, key, want=200)
    promised = {(path, method) for path, item in SPEC["paths"].items() for method in item if method in
                ("get", "post", "patch", "put", "delete")}
    assert seen == promised


@pytest.mark.parametrize("template", [p for p, item in SPEC["paths"].items() if "post" in item or "patch" in item])
def test_every_required_member_is_required(daemon, template):
    item = SPEC["paths"][template]
    method = "post" if "post" in item else "patch"
    content = resolve(item[method].get("requestBody", {})).get("content", {}).get("application/json", {})
    agent = register(daemon)
    path = template.replace("{agentId}", agent.id)
    if not content:
        pytest.skip("takes no body")
    for bad in (b"", b"[]", b"{", b'{"a":1}x', b"null", b'"text"'):
        status, _, answer = daemon.request(method.upper(), path, bad, agent.headers())
        if bad == b"" and not item[method]["requestBody"].get("required"):
            continue
        assert status == 400, (bad, status, answer)
    status, _, answer = daemon.request(method.upper(), path, json.dumps({"zzz": 1}).encode(), agent.headers())
    assert status == 400 and answer.get("field"), answer
