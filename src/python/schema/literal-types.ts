import { encode, type EncodeTools } from "./encode.ts"
import type { Location } from "../../core/model.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import { Undecided } from "../names/session.ts"
import { literalOf, schemaType, type Type } from "./type.ts"
import { genericKind } from "./typing.ts"
import { type Lazy, sameValue, type Value } from "../names/python-value.ts"

/** `Literal["a", Color.RED, Literal[1]]`. */
export function literalType(tools: EncodeTools, args: readonly Lazy[]): Type {
  const values = args.flatMap((arg) => literalValues(tools, arg))
  const distinct = distinctValues(values)
  const kinds = distinct.map(({ value }) => (value.kind === "member" ? value.value.kind : value.kind))
  const type = literalOf(distinct.map(({ value, at }) => encode(tools, value, at)))
  // A whole float is a number without a fraction in JSON, but no integer to pydantic.
  if (type.kind !== "schema" || !kinds.includes("float")) return type
  const { type: _type, ...schema } = type.schema
  return schemaType(kinds.every((kind) => kind === "float") ? { ...schema, type: "number" } : schema)
}

interface LiteralValue {
  readonly value: Value
  readonly at: Location
}

/** Python drops a second equal value of the same type. */
function distinctValues(values: readonly LiteralValue[]): readonly LiteralValue[] {
  const plain = new Set<string>()
  return values.filter(({ value }, index) => {
    if (value.kind === "member") return values.findIndex((other) => sameValue(other.value, value)) === index
    const key = `${value.kind}:${"value" in value ? String(value.value) : ""}`
    if (plain.has(key)) return false
    plain.add(key)
    return true
  })
}

function literalValues(tools: EncodeTools, arg: Lazy): readonly LiteralValue[] {
  const at = locateLazy(arg)
  const value = evaluateLazy(tools.session, arg)
  if (["none", "bool", "str", "bytes", "int", "member"].includes(value.kind)) return [{ value, at }]
  const literal =
    value.kind === "generic" && value.origin.kind === "outside" && genericKind(value.origin.path) === "literal"
  if (value.kind === "generic" && literal) return value.args.flatMap((inner) => literalValues(tools, inner))
  throw new Undecided("this isn't a literal", at)
}
