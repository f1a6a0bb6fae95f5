"""The reference of org.yml: the JSON Schema for editors, and the page that explains every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from rnd.organisation import Organisation
from rnd.project.template import CHECKOUT
from scripts.markdown import NOTE, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What the patterns of org.yml mean, in words; a pattern without words stops the generator.
FORMS = {
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+$": "single-line text",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "a-z, 0-9 and single -, starting with a letter",
    r"^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$": "a name on GitHub",
    r"^[A-Za-z0-9._-]+$": "a repository's name on GitHub",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "a-z, 0-9 and single -",
    r"^[a-z0-9][a-z0-9-]*$": "a-z, 0-9 and -",
    r"^3\.(0|[1-9][0-9]*)$": 'a Python version, in quotes: `"3.11"`',
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'a time of day, in quotes: `"08:00"`',
    r"^[0-9]{12}$": "twelve digits, in quotes",
    r"^[a-z]{2}(-[a-z]+)+-[0-9]$": "an AWS region",
    r"^([a-z0-9][a-z0-9._-]*(/[a-z0-9._-]+)*|((https|s3|file)://|http://localhost[:/])[A-Za-z0-9._~:/%@+-]+)$": (
        "the name or URL of a conda channel"
    ),
    r"^(linux-(64|aarch64|ppc64le)|osx-(64|arm64))$": "a conda platform, such as `linux-64`",
    r"^__[a-z0-9_]+$": "a virtual package, such as `__glibc`",
    r"^[A-Za-z0-9._~:/@%+-]+[/:][A-Za-z0-9._-]+/[A-Za-z0-9._-]+/?$": "a git URL that ends with `OWNER/NAME`",
    r"^[a-z0-9][A-Za-z0-9._:/@-]*\{version\}[A-Za-z0-9._:/@-]*$": "an image with `{version}` in its name or tag",
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$": "the ARN of an IAM role",
    r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$": "letters, digits, _, . and -",
    r"^[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$": "a git ref",
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$": "a host name, with a port if needed",
    r"^[A-Za-z0-9._+!-]+( [A-Za-z0-9._+-]+)?$": 'a version, in quotes: `"2.28"`',
    r"^[0-9]+\.[0-9]+\.[0-9]+$": "a release, such as `1.5.0`",
    r"^[A-Za-z0-9_-]{1,64}$": "the name of a Lambda function",
    r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)/[A-Za-z0-9._~/%+-]*$": (
        "an https address without credentials"
    ),
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._-]+)*$": "`HOST` or `HOST/PATH`",
}


PLAIN = {"string": "text", "boolean": "true or false"}


def organisation_schema() -> dict[str, Any]:
    """Return the JSON Schema of org.yml in the dialect that editors support."""
    schema: dict[str, Any] = _for_editors(Organisation.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:rnd-template:organisation",
        "title": "org.yml: the organisation",
        **schema,
    }


def _for_editors(node: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Convert pydantic's dialect: fix anchors and open mappings, drop titles that repeat the key."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node.replace(r"\A", "^").replace(r"\z", "$") if isinstance(node, str) else node
    converted = {_for_editors(key): _for_editors(value) for key, value in node.items() if not _is_title(key, value)}
    if "patternProperties" in converted:
        converted["additionalProperties"] = False
    return converted


def _is_title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)


def organisation_page(schema: Mapping[str, Any]) -> str:
    """Return every key of org.yml: its type, meaning and shipped value."""
    shipped = yaml.safe_load((CHECKOUT / "org.yml").read_text(encoding="utf-8"))
    parts = [
        NOTE.format(source="src/rnd/organisation/ and org.yml"),
        "# org.yml\n",
        "`org.yml` contains all values that are specific to an organisation. All keys are required unless marked as",
        "optional, and no other keys are allowed. Editors that read [org.schema.json](org.schema.json) complete and",
        "validate the file as you type.\n",
    ]
    single = [name for name, node in schema["properties"].items() if "type" in node]
    rows = (row(name, schema["properties"][name], shipped[name]) for name in single)
    heads = ("key", "type", "meaning", "shipped value")
    parts.append(f"## Names\n\n{table(heads, rows)}")
    for name in schema["properties"]:
        if "oneOf" in schema["properties"][name]:
            parts += providers(schema, name, shipped[name])
        elif name not in single:
            part = resolve(schema, schema["properties"][name])
            section = table(heads, keys(schema, part, name, [shipped[name]]))
            parts.append(f"## {name}\n\n{part['description']}\n\n{section}")
    return "\n".join(parts)


def providers(schema: Mapping[str, Any], name: str, shipped: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of the page for a section with one set of keys per provider."""
    node = schema["properties"][name]
    yield f"## {name}\n\nThe section {name}: {node['description']}. Its keys depend on the provider.\n"
    for one in node["oneOf"]:
        part = resolve(schema, one)
        provider = part["properties"]["provider"]["const"]
        values = [shipped] if shipped["provider"] == provider else [{}]
        table_of_keys = table(("key", "type", "meaning", "shipped value"), keys(schema, part, name, values))
        yield f"### {name}, provider: {provider}\n\n{part['description']}\n\n{table_of_keys}"


def keys(schema: Mapping[str, Any], node: Mapping[str, Any], path: str, shipped: list[Any]) -> Iterator[list[str]]:
    """Yield a row for each key under a part of org.yml; the shipped values are those of every such part."""
    for name, child in node["properties"].items():
        inner, values = resolve(schema, child), [(value or {}).get(name) for value in shipped]
        mapped = next((resolve(schema, item) for item in inner.get("patternProperties", {}).values()), {})
        if "properties" in inner:
            if "anyOf" in child:
                yield [f"`{path}.{name}`", "mapping; optional", child["description"], f"`{plain(values[0])}`"]
            yield from keys(schema, inner, f"{path}.{name}", values)
        elif "properties" in mapped:
            yield from keys(
                schema, mapped, f"{path}.{name}.NAME", [item for value in values for item in (value or {}).values()]
            )
        else:
            yield row(f"{path}.{name}", child, *values)


def row(path: str, node: Mapping[str, Any], *shipped: object) -> list[str]:
    """Return the cells of one key; values that are shipped more than once are shown once."""
    shown = dict.fromkeys(f"`{plain(value)}`" for value in shipped)
    return [f"`{path}`", in_words(node), node["description"], "; ".join(shown)]


def plain(value: object) -> str:
    """Return a value of org.yml as plain text, without YAML brackets and quotes."""
    if value is None or value == []:
        return "left out" if value is None else "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        shown = {name: f"({plain(inner)})" if isinstance(inner, dict) else inner for name, inner in value.items()}
        return ", ".join(f"{name}: {inner}" for name, inner in shown.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def in_words(node: Mapping[str, Any]) -> str:
    """Return the type of a key in plain words."""
    match node:
        case {"const": value}:
            return f"`{value}`"
        case {"enum": choices}:
            return f"one of {', '.join(f'`{choice}`' for choice in choices)}"
        case {"anyOf": [kind, {"type": "null"}]}:
            return f"{in_words(kind)}; optional"
        case {"type": "array", "items": items}:
            return f"list, each {in_words(items)}"
        case {"patternProperties": patterns}:
            ((pattern, value),) = patterns.items()
            return f"mapping: {FORMS[pattern]}, then {in_words(value)}"
    return scalar_in_words(node)


def scalar_in_words(node: Mapping[str, Any]) -> str:
    """Return the type of a key that holds a single value in plain words."""
    match node:
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer" | "number" as kind}:
            return ("whole number" if kind == "integer" else "number") + _range(node)
        case {"type": "string", "pattern": pattern}:
            longest = f", at most {node['maxLength']} characters" if "maxLength" in node else ""
            return FORMS[pattern] + longest
        case {"type": kind} if kind in PLAIN:
            return PLAIN[kind]
    raise ValueError(f"no words for {node}")


def _range(node: Mapping[str, Any]) -> str:
    match node:
        case {"minimum": least, "maximum": most}:
            return f", {least} to {most}"
        case {"minimum": least}:
            return f", at least {least}"
    raise ValueError(f"no words for {node}")


def resolve(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the definition that a node refers to, also if it is optional, or the node itself."""
    match node:
        case {"anyOf": [{"$ref": _} as optional, {"type": "null"}]}:
            node = optional
    if "$ref" not in node:
        return node
    definition: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return definition
