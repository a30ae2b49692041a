"""One line for a mistake in the settings: the key, what was expected, what was found, what to do.

To word another kind of mistake: pydantic's error type and its wording in `EXPECTED`; any other type keeps pydantic's
own words.
"""

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# pydantic puts the strategy's kind into the path of an error
VARIANTS = ("fixed", "momentum", "trend", "risk_parity", "file", "module")

EXPECTED: dict[str, str] = {
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "decimal_type": "a decimal number",
    "is_instance_of": "a decimal number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "dict_type": "a table of names and numbers",
    "model_type": "a section",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} entries",
    "string_too_short": "a text that is not empty",
}


def one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """Describe the first mistake; unknown keys first, since they explain what seems to be missing."""
    mistakes = sorted(error.errors(include_url=False), key=lambda details: details["type"] != "extra_forbidden")
    return _described(mistakes[0], model)


def _described(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    path = _path(mistake["loc"])
    key = ".".join(path)
    match mistake["type"]:
        case "extra_forbidden":
            return f"{key}: expected a known key, found {path[-1]!r}; {_nearest(path, mistake, model)}"
        case "missing":
            return f"{key}: expected a value, found none; add it: {_example(path)}"
        case "union_tag_not_found":
            return f'{key}.kind: expected one of {", ".join(VARIANTS)}, found none; add kind = "fixed", say'
        case "union_tag_invalid":
            return f"{key}.kind: expected one of {', '.join(VARIANTS)}, found {mistake['ctx']['tag']!r}; correct it"
        case "value_error":
            words = str(mistake["ctx"]["error"])
            return f"{key}: {words}; correct it" if key else f"{words}; correct it"
        case kind:
            wording = EXPECTED.get(kind)
            expected = wording.format(**mistake.get("ctx", {})) if wording else mistake["msg"]
            return f"{key}: expected {expected}, found {_shown(mistake['input'])}; correct it"


def _path(loc: tuple[str | int, ...]) -> list[str]:
    """Name where a mistake is; of the strategies the first is not counted, since mostly it is the only one."""
    if loc[:2] == ("strategy", 0):
        loc = ("strategy", *loc[2:])
    return [str(part) for part in loc if part not in VARIANTS]


def _nearest(path: list[str], mistake: ErrorDetails, model: type[BaseModel]) -> str:
    known = _keys([str(part) for part in mistake["loc"][:-1]], model)
    near = get_close_matches(path[-1], known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"remove it, or use one of: {', '.join(known)}"


def _keys(path: list[str], model: type[BaseModel]) -> list[str]:
    """Return the keys that may stand at a path of sections."""
    current: Any = model
    for part in path:
        candidates = _models(current.model_fields[part].annotation) if part in current.model_fields else [current]
        tagged = [m for m in candidates if "kind" in m.model_fields and m.model_fields["kind"].default == part]
        current = (tagged or candidates or [current])[0]
        if part in VARIANTS:
            current = next((m for m in _models(model.model_fields["strategy"].annotation) if _kind(m) == part), current)
    return [field.alias or name for name, field in current.model_fields.items()]


def _kind(model: Any) -> Any:
    return model.model_fields["kind"].default


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _example(path: list[str]) -> str:
    return f"[{path[0]}]" if len(path) == 1 else f"{path[-1]} = … in [{'.'.join(path[:-1])}]"


def _shown(value: object) -> str:
    match value:
        case bool():
            text = str(value).lower()  # as TOML has it
        case str():
            text = repr(value)
        case _:
            text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
