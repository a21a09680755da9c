"""template.yaml as CloudFormation will see it: translated from SAM without an account, then resolved.

Tests of roles, cfn-lint and checkov look at this form: in raw SAM they overlook what SAM adds and hides.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform

# A region and an account to resolve with; any would do.
PSEUDO_PARAMETERS: Mapping[str, str] = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "mini-n8n",
    "AWS::URLSuffix": "amazonaws.com",
}
# Properties by which a resource is named: what Ref answers, where the template names it.
_NAMES = ("TableName", "BucketName", "FunctionName", "LogGroupName", "QueueName")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
_NO_VALUE = object()


class _NoManagedPolicies:
    """SAM asks IAM for the ARNs of managed policies; the template names none of AWS's."""

    def load(self) -> dict[str, str]:
        return {}


def translate(template: Mapping[str, Any]) -> dict[str, Any]:
    """The CloudFormation template that SAM makes of it; parameters still stand in it.

    The deletion policies, which AWS::LanguageExtensions resolves before SAM sees them, are resolved with
    the defaults of their parameters, which then have no use left.
    """
    source = copy.deepcopy(dict(template))
    source["Transform"] = "AWS::Serverless-2016-10-31"
    resolved = set()
    source["Globals"]["Function"]["CodeUri"] = {"Bucket": "code-bucket", "Key": "code.zip"}
    for resource in source["Resources"].values():
        for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
            if isinstance(resource.get(attribute), dict):
                parameter = resource[attribute]["Ref"]
                resource[attribute] = source["Parameters"][parameter]["Default"]
                resolved.add(parameter)
    for parameter in resolved:
        del source["Parameters"][parameter]
    with patch.dict("os.environ", {"AWS_DEFAULT_REGION": PSEUDO_PARAMETERS["AWS::Region"]}):
        translated: dict[str, Any] = transform(source, {}, _NoManagedPolicies())
    return translated


class Resolver:
    """Resolves intrinsic functions as far as they can be without a deployment.

    A Ref to a resource becomes its name where the template gives one, else `<LogicalId>`; an attribute
    becomes `<LogicalId.Attribute>`.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        """``parameters`` go before the defaults of the template."""
        self._template = template
        defaults = {name: str(spec.get("Default", "")) for name, spec in template["Parameters"].items()}
        self._values = {**PSEUDO_PARAMETERS, **defaults, **(parameters or {})}

    def resource(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource, resolved."""
        properties: dict[str, Any] = self.resolve(
            self._template["Resources"][logical_id].get("Properties", {})
        )
        return properties

    def exists(self, logical_id: str) -> bool:
        """Whether the condition of the resource, if it has one, holds."""
        condition = self._template["Resources"][logical_id].get("Condition")
        return condition is None or self._holds(condition)

    def resolve(self, value: Any) -> Any:
        """The value with its functions resolved; ValueError for one that no template of ours uses."""
        if isinstance(value, list):
            return [found for item in value if (found := self.resolve(item)) is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        pairs = ((key, self.resolve(item)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _NO_VALUE}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._reference(argument)
        if name == "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        if name == "Fn::If":
            condition, then, otherwise = argument
            return self.resolve(then if self._holds(condition) else otherwise)
        if name == "Fn::Join":
            separator, items = self.resolve(argument)
            return separator.join([items] if isinstance(items, str) else items)
        if name == "Fn::Sub":
            text, extra = argument if isinstance(argument, list) else (argument, {})
            return _VARIABLE.sub(lambda match: self._variable(match[1], extra), text)
        if name in ("Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"):
            return self._logic(name, argument)
        raise ValueError(f"{name} is not resolved here; teach it to Resolver")

    def _logic(self, name: str, argument: Any) -> bool:
        found = [
            self._holds(part["Condition"])
            if isinstance(part, dict) and "Condition" in part
            else self.resolve(part)
            for part in argument
        ]
        if name == "Fn::Equals":
            return str(found[0]) == str(found[1])
        if name == "Fn::Not":
            return not found[0]
        return all(found) if name == "Fn::And" else any(found)

    def _variable(self, name: str, extra: Mapping[str, Any]) -> str:
        if name in extra:
            return str(self.resolve(extra[name]))
        return f"<{name}>" if "." in name else str(self._reference(name))

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._values:
            return self._values[name]
        properties = self._template["Resources"][name].get("Properties", {})
        named = next((properties[key] for key in _NAMES if key in properties), None)
        return f"<{name}>" if named is None else self.resolve(named)

    def _holds(self, condition: str) -> bool:
        return bool(self.resolve(self._template["Conditions"][condition]))
