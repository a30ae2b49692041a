from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, ValidationError

from ledger.events import (
    BY_NAME,
    EVENT_TYPES,
    CashObserved,
    CashRow,
    CommissionCharged,
    Fact,
    OrderAcknowledged,
    OrderFilled,
    Row,
    decimal_text,
    execution_base,
    instant_text,
    json_schema,
    payload_bytes,
    type_name,
)
from ledger.events.fact import ENVELOPE_FIELDS
from tests.facts import SPY, bought, commission

D = Decimal
TEXT = 'a "quoted" text, ü € \n,"hash":"'
EXAMPLES: dict[Any, Any] = {
    str: TEXT,
    int: 7,
    bool: True,
    Decimal: D("-12.50"),
    date: date(2005, 3, 1),
    AwareDatetime: datetime(2005, 3, 1, 15, 0, 0, 1, tzinfo=UTC),
}


def example_of(annotation: Any) -> Any:
    """Make a value up for a field's type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return example_of(next(a for a in arguments if a is not NoneType))
    if origin is tuple:
        return (example_of(arguments[0]), example_of(arguments[0]))
    if origin is dict:
        return {TEXT: example_of(arguments[1])}
    if origin is not None and hasattr(annotation, "__metadata__"):
        return example_of(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Row):
        return full(annotation)
    return EXAMPLES[annotation]


def full(model: type[Row]) -> Any:
    """Make an example with every field given."""
    fields = {name: example_of(field.annotation) for name, field in model.model_fields.items()}
    fields |= {name: "0.01.3" for name in fields if name == "execution_id"}
    return model.model_validate(fields)


def least(model: type[Fact]) -> Fact:
    """Make an example with nothing given that has a default."""
    needed = {name: field for name, field in model.model_fields.items() if field.is_required()}
    fields = {name: example_of(field.annotation) for name, field in needed.items()}
    fields |= {name: "0.01.3" for name in fields if name == "execution_id"}
    return model.model_validate(fields)


EVERY_TYPE = [
    *(pytest.param(full(model), id=type_name(model)) for model in EVENT_TYPES),
    *(pytest.param(least(model), id=f"{type_name(model)}, least") for model in EVENT_TYPES),
]


def read_back(fact: Fact) -> Fact:
    """Write a fact's payload and read it with the envelope's fields, as the log does."""
    payload = json.loads(payload_bytes(fact))
    for name in ENVELOPE_FIELDS - {"type"}:
        if (value := getattr(fact, name)) is not None:
            payload[name] = instant_text(value) if isinstance(value, datetime) else value.isoformat()
    return type(fact).model_validate_json(json.dumps(payload))


@pytest.mark.parametrize("fact", EVERY_TYPE)
def test_a_fact_is_read_back_as_it_was_written(fact: Fact) -> None:
    again = read_back(fact)

    assert again == fact
    assert payload_bytes(again) == payload_bytes(fact)
    assert (again.key, again.economic_part) == (fact.key, fact.economic_part)


@pytest.mark.parametrize("fact", EVERY_TYPE)
def test_a_payload_holds_neither_its_type_nor_the_envelope_nor_what_is_absent(fact: Fact) -> None:
    payload = json.loads(payload_bytes(fact))

    assert not ENVELOPE_FIELDS & payload.keys()
    assert None not in payload.values()


@pytest.mark.parametrize("model", EVENT_TYPES, ids=type_name)
def test_a_fact_is_frozen_and_knows_no_other_fields(model: type[Fact]) -> None:
    fact = full(model)

    with pytest.raises(ValidationError, match="frozen"):
        fact.type = "another"
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate_json(b'{"unheard_of":1' + (b"," + payload_bytes(fact)[1:]).replace(b",}", b"}"))


@pytest.mark.parametrize("model", EVENT_TYPES, ids=type_name)
def test_a_type_has_a_literal_of_its_own_and_says_what_it_is(model: type[Fact]) -> None:
    assert BY_NAME[type_name(model)] is model
    assert model.__doc__
    assert "type" in model.__annotations__
    if full(model).key is not None and not model.__name__.startswith("FillBusted"):
        assert full(model).economic_part or type_name(model) == "cycle_started"


def test_no_two_types_share_a_literal() -> None:
    assert len({type_name(model) for model in EVENT_TYPES}) == len(EVENT_TYPES) == len(set(EVENT_TYPES))


# Numbers


@pytest.mark.parametrize("number", ["400.25", "400", "4E2", "1e-7"])
def test_a_json_number_is_no_amount(number: str) -> None:
    payload = payload_bytes(bought(SPY, "10", execution="a.01")).replace(b'"400"', number.encode())

    with pytest.raises(ValidationError, match="valid string"):
        OrderFilled.model_validate_json(payload)


@pytest.mark.parametrize(
    "spelling", ["1.50", "1E+2", "-0", "-0.0", "+1", "01", ".5", "5.", "1e2", "NaN", "Infinity", "", " 1", "1,5", "٣"]
)
def test_an_amount_has_one_spelling(spelling: str) -> None:
    payload = json.dumps({"currency": "USD", "amount": spelling})

    with pytest.raises(ValidationError, match="should match pattern"):
        CashRow.model_validate_json(payload)


@pytest.mark.parametrize("amount", [400.25, float("nan"), 1, "1", True, D("NaN"), D("Infinity"), D("sNaN")])
def test_nothing_but_a_finite_decimal_is_an_amount(amount: object) -> None:
    with pytest.raises(ValidationError):
        CashRow.model_validate({"currency": "USD", "amount": amount})


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=D("-1e30"), max_value=D("1e30")))
def test_equal_amounts_have_equal_bytes_and_keep_every_digit(amount: Decimal) -> None:
    written = CashRow(currency="USD", amount=amount).model_dump_json()
    again = CashRow.model_validate_json(written)

    assert again.amount == amount
    assert decimal_text(amount) == decimal_text(amount.normalize()) or len(amount.as_tuple().digits) > 28
    assert CashRow.model_validate_json(again.model_dump_json()) == again


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1E+2", "100"),
        ("-0.00", "0"),
        ("1.50", "1.5"),
        ("-0.10", "-0.1"),
        ("0E-10", "0"),
        ("100", "100"),
        ("1e-7", "0.0000001"),
    ],
)
def test_a_number_is_spelt_without_exponent_trailing_zeros_or_negative_zero(number: str, text: str) -> None:
    assert decimal_text(D(number)) == text


# Moments and identities


def test_a_moment_is_written_in_utc_with_six_decimals() -> None:
    new_york = timezone(timedelta(hours=-5))

    assert instant_text(datetime(2005, 3, 1, 10, 0, tzinfo=new_york)) == "2005-03-01T15:00:00.000000Z"
    with pytest.raises(ValueError, match="expected a moment with a time zone"):
        instant_text(datetime(2005, 3, 1, 10, 0))  # noqa: DTZ001 - the refusal is what is tested


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        OrderFilled.model_validate(
            bought(SPY, "1", execution="a.01").model_dump() | {"occurred_at": datetime(2005, 3, 1)}  # noqa: DTZ001
        )


@pytest.mark.parametrize(
    ("execution_id", "split"),
    [("0000e0d5.66a1b2c3.01.01", ("0000e0d5.66a1b2c3.01", 1)), ("a.b.c.d.12", ("a.b.c.d", 12))],
)
def test_a_correction_differs_after_the_last_dot(execution_id: str, split: tuple[str, int]) -> None:
    assert execution_base(execution_id) == split


@pytest.mark.parametrize("execution_id", ["", "a", ".01", "a.", "a.b", "a.-1", "a.1x"])
def test_an_execution_id_without_a_revision_is_refused(execution_id: str) -> None:
    with pytest.raises(ValueError, match=r"expected BASE\.REVISION"):
        execution_base(execution_id)


def test_one_execution_told_by_two_sources_is_one_fact() -> None:
    by_api = bought(SPY, "10", execution="a.01")
    by_statement = by_api.model_copy(update={"source": "statement", "venue": "ARCA", "price": D("400.0")})

    assert (by_api.key, by_api.economic_part) == (by_statement.key, by_statement.economic_part)
    assert by_api.key != bought(SPY, "10", execution="a.02").key
    assert commission("a.01", "-1").key == "commission/a/1"


def test_an_order_is_acknowledged_once_a_permanent_id() -> None:
    keys = {OrderAcknowledged(order_ref="tb-1", perm_id=perm_id, status="").key for perm_id in (1, 2, 2)}

    assert keys == {"order/tb-1/acknowledged/1", "order/tb-1/acknowledged/2"}


@pytest.mark.parametrize(
    "fact", [CashObserved(rows=()), CommissionCharged(execution_id="a.1", amount=D(0), currency="USD")]
)
def test_what_the_broker_says_is_known_to_be_its_word(fact: Fact) -> None:
    assert fact.FROM_BROKER


# The schema


def test_the_schema_names_every_type() -> None:
    schema = json_schema()

    assert schema["discriminator"]["mapping"].keys() == BY_NAME.keys()
    assert len(schema["oneOf"]) == len(EVENT_TYPES)


def test_the_schema_spells_money_as_a_string() -> None:
    price = json_schema()["$defs"]["OrderFilled"]["properties"]["price"]

    assert price["type"] == "string"
    assert price["pattern"].startswith("^")
