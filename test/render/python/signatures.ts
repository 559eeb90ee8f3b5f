import fc from "fast-check"

const head = `import datetime
import enum
from dataclasses import dataclass
from typing import *
from typing_extensions import TypedDict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from prefect import flow
from pydantic import BaseModel, Field

LIMIT = 5
NAMES = ["a", "b"]

class Color(enum.Enum):
    """A colour."""
    RED = "red"
    BLUE = "blue"

class Inner(BaseModel):
    x: int
    color: Color = Color.RED

class Config(BaseModel):
    """A config."""
    inner: Optional[Inner] = None
    inners: List[Inner] = []
    size: int = Field(1, ge=0, description="how big")

@dataclass
class Point:
    x: int
    y: float = 0.5
`

const scalar = fc.constantFrom(
  ..."int float bool str bytes Any object date datetime.datetime timedelta Decimal Path UUID Color Config Inner Point None list dict".split(
    " ",
  ),
  'Literal["a", "b"]',
  "Literal[1]",
  "Annotated[int, Field(ge=1)]",
  "Callable",
)

const annotation = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalar,
    tie("type").map((inner) => `Optional[${inner}]`),
    tie("type").map((inner) => `List[${inner}]`),
    tie("type").map((inner) => `set[${inner}]`),
    tie("type").map((inner) => `Dict[str, ${inner}]`),
    tie("type").map((inner) => `Tuple[${inner}, ...]`),
    fc.tuple(tie("type"), tie("type")).map(([a, b]) => `Union[${a}, ${b}]`),
    fc.tuple(tie("type"), tie("type")).map(([a, b]) => `Tuple[${a}, ${b}]`),
    fc.tuple(scalar, tie("type")).map(([a, b]) => `Dict[${a}, ${b}]`),
    tie("type").map((inner) => `Annotated[${inner}, "note"]`),
  ),
})).type

const value = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.integer().map(String),
    fc.constantFrom(
      "None",
      "True",
      "1.5",
      '"text"',
      "'it'",
      "LIMIT",
      "NAMES",
      "Color.RED",
      "Color.BLUE.value",
      "LIMIT * 2",
    ),
    fc.constantFrom("date(2024, 1, 31)", "timedelta(minutes=90)", 'Path("a/b")', 'Decimal("1.5")', 'f"n{LIMIT}"'),
    fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `(${items.map((item) => `${item},`).join(" ")})`),
    fc
      .array(fc.tuple(fc.string({ maxLength: 3 }), tie("value")), { maxLength: 3 })
      .map((entries) => `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${item}`).join(", ")}}`),
  ),
})).value

const docLine = fc.constantFrom(
  "Args:",
  "    a: The a.",
  "    b (int): The b.",
  "        goes on",
  "      odd",
  "",
  "",
  "Returns:",
  "    c: no",
  "Text.",
  "Note:",
  "  d: two",
  "    e",
  "```",
  "Params: x",
)

const parameter = fc.record({
  annotation: fc.option(annotation, { freq: 4 }),
  quoted: fc.boolean(),
  default: fc.option(value),
})

const fieldOption = fc.constantFrom(
  'description="about it"',
  'title="Titled"',
  "examples=[1]",
  "frozen=True",
  "deprecated=True",
  'json_schema_extra={"x": 1}',
  'alias="other"',
)
const field = fc.record({
  name: fc.constantFrom("x", "some_name", "a1b", "CamelCase", "inner_2x", "trailing_"),
  annotation,
  quoted: fc.boolean(),
  default: fc.option(value),
  options: fc.option(fc.uniqueArray(fieldOption, { maxLength: 2 })),
})
const record = fc.record({
  kind: fc.constantFrom("model", "model", "child", "dataclass", "dict"),
  doc: fc.option(fc.constantFrom("One line.", "  Several\n      lines.\n    ")),
  fields: fc.uniqueArray(field, { maxLength: 4, selector: (each) => each.name }),
})

function annotated(name: string, type: string, quoted: boolean): string {
  return quoted && !type.includes('"') ? `${name}: "${type}"` : `${name}: ${type}`
}

function classText(each: typeof record extends fc.Arbitrary<infer R> ? R : never): string {
  const heads = {
    model: "class Made(BaseModel):",
    child: "class Made(Config):",
    dataclass: "@dataclass(kw_only=True)\nclass Made:",
    dict: "class Made(TypedDict):",
  }
  const body = each.fields.map((one) => {
    const typed = annotated(one.name, one.annotation, one.quoted)
    if (each.kind === "dict") return typed
    // A mutable default is an error in a dataclass.
    const given = each.kind === "dataclass" && /^[[{A-Z]/u.test(one.default ?? "") ? "3" : one.default
    if (each.kind === "dataclass" || one.options === null) return given === null ? typed : `${typed} = ${given}`
    return `${typed} = Field(${[given ?? "...", ...one.options].join(", ")})`
  })
  const doc = each.doc === null ? [] : [`"""${each.doc}"""`]
  return [heads[each.kind], ...[...doc, ...body, "pass"].map((line) => `    ${line}`)].join("\n")
}

/** The text of a flow file with a random signature, docstring and class. */
export const arbitrarySignature: fc.Arbitrary<string> = fc
  .record({
    lazy: fc.boolean(),
    made: record,
    parameters: fc.array(parameter, { minLength: 1, maxLength: 4 }),
    doc: fc.array(docLine, { maxLength: 12 }),
  })
  .map(({ lazy, made, parameters, doc }) => {
    const texts = parameters.map((each, index) => {
      const name = "abcd"[index] ?? "z"
      const typed = each.annotation === null ? name : annotated(name, each.annotation, each.quoted && !lazy)
      return each.default === null ? typed : `${typed} = ${each.default}`
    })
    const docstring = [`    """Summary.`, ...doc.map((line) => `    ${line}`), `    """`].join("\n")
    const future = lazy ? "from __future__ import annotations\n" : ""
    const all = `*, made: Made, ${texts.join(", ")}`
    return `${future}${head}\n${classText(made)}\n\n@flow\ndef my_flow(${all}):\n${docstring}\n`
  })
