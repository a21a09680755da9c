"""What each role of the translated template may do, whatever policies that is spread over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.checks.cloudformation import Resolver


@dataclass(frozen=True)
class Grant:
    """One action on one resource, allowed under a condition."""

    action: str
    resource: str
    condition: str = ""


def grants(template: Mapping[str, Any], resolver: Resolver) -> dict[str, frozenset[Grant]]:
    """All that each role, by logical id, is allowed: inline, managed and attached policies together."""
    resources = template["Resources"]
    found: dict[str, set[Grant]] = {}
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            role = resolver.resource(logical_id)
            documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
            managed = [_logical_id(reference) for reference in role.get("ManagedPolicyArns", [])]
            documents += [resolver.resource(policy)["PolicyDocument"] for policy in managed]
            found.setdefault(logical_id, set()).update(_of_documents(documents))
        elif resource["Type"] == "AWS::IAM::Policy" and resolver.exists(logical_id):
            policy = resolver.resource(logical_id)
            for role_name in policy["Roles"]:
                found.setdefault(_logical_id(role_name), set()).update(
                    _of_documents([policy["PolicyDocument"]])
                )
    return {logical_id: frozenset(allowed) for logical_id, allowed in found.items()}


def _logical_id(reference: str) -> str:
    """The resource that a resolved Ref stands for; KeyError for a managed policy of AWS's, which is none."""
    if not reference.startswith("<"):
        raise KeyError(f"{reference} is no policy or role of the template")
    return reference.strip("<>")


def _of_documents(documents: list[Mapping[str, Any]]) -> Iterator[Grant]:
    for document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield Grant(action, resource, str(statement.get("Condition", "")))


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        # A list parameter arrives as one text; commas stand in no ARN.
        return value.split(",")
    return [part for item in value for part in _listed(item)]
