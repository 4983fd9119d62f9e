"""What botocore leaves to the service: enum, pattern, min and max of its own model."""

import functools
import re
from typing import Any


@functools.cache
def operation(name: str) -> Any:
    """SageMaker's model of one operation."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker")
    return model.operation_model(name)


def problems(value: Any, shape: Any, where: str = "request") -> list[str]:
    """Every place of `value` that breaks a rule of `shape`."""
    found: list[str] = []
    if shape.type_name == "structure":
        for name, inner in value.items():
            found += problems(inner, shape.members[name], f"{where}.{name}")
        return found
    if shape.type_name == "list":
        for index, inner in enumerate(value):
            found += problems(inner, shape.member, f"{where}[{index}]")
    if isinstance(value, bool) or shape.type_name == "timestamp":
        return found
    size = value if isinstance(value, int | float) else len(value)
    rules = shape.metadata
    if not rules.get("min", size) <= size <= rules.get("max", size):
        found.append(f"{where}: {size} is out of range")
    if "enum" in rules and value not in rules["enum"]:
        found.append(f"{where}: {value!r} is not in the enum")
    # Java's classes of letters, separators and numbers
    pattern = rules.get("pattern", "").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    if pattern and not re.fullmatch(pattern, value):
        found.append(f"{where}: {value!r} does not match {pattern}")
    return found


def all_problems(value: Any, shape: Any) -> list[str]:
    """The same, after what botocore checks itself: required, types, unknown keys."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(value, shape)
    return [report.generate_report()] if report.has_errors() else problems(value, shape)
