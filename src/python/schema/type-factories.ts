import type { Location } from "../../core/model.ts"
import type { EncodeTools } from "./encode.ts"
import { describeField, readField } from "./field.ts"
import { Undecided } from "../names/session.ts"
import { anything, arrayOf, constrain, schemaType, type Type, union } from "./type.ts"
import { canonical } from "../names/outside.ts"
import type { Lazy, LazyArgument, Value } from "../names/python-value.ts"

/** What reading a made type needs from the reader of annotations. */
export interface MakeTools extends EncodeTools {
  readonly typeOf: (lazy: Lazy) => Type
}
type Call = Extract<Value, { kind: "call" }>

/** A type made by a call: `NewType("UserId", int)`, `TypeVar("T", bound=int)`, `constr(min_length=1)`. */
export function madeType(tools: MakeTools, value: Call): Type {
  const path = value.callee.kind === "outside" ? canonical(value.callee.path) : ""
  const [first, second, ...more] = value.args
  if (path === "typing.TypeVar") return variableType(tools, value)
  if (path === "typing.NewType" && second !== undefined && more.length === 0) {
    // A union around it doesn't take it apart.
    return { kind: "sealed", inner: tools.typeOf(second) }
  }
  const base = constrainedTypes.get(path)
  if (base === undefined) throw new Undecided("this type is made by a call", value.at)
  if (typeof base !== "string") return limited(tools, base, value)
  if (first === undefined || first.name !== null || first.star !== "") return failOver(value.at)
  return limited(tools, arrayOf(tools.typeOf(first), base === "set"), { ...value, args: value.args.slice(1) })
}

/** The type with the limits that the arguments of `conint(ge=1)` and its like set. */
function limited(tools: MakeTools, type: Type, call: Call): Type {
  const field = readField(tools, call)
  const more = Object.keys(describeField(field)).length > 0 || field.default.kind !== "required"
  const constrained = more ? null : constrain(type, field.constraints)
  return constrained === null ? failOver(call.at) : { kind: "sealed", inner: constrained }
}

const constrainedTypes: ReadonlyMap<string, Type | "array" | "set"> = new Map(
  Object.entries({
    "pydantic.constr": schemaType({ type: "string" }, "text"),
    "pydantic.conint": schemaType({ type: "integer" }, "number"),
    "pydantic.confloat": schemaType({ type: "number" }, "number"),
    "pydantic.conlist": "array",
    "pydantic.conset": "set",
    "pydantic.confrozenset": "set",
  }),
)

/** An unbound type variable may be anything; a bound one is its bound, one of several types their union. */
function variableType(tools: MakeTools, { args, at }: Call): Type {
  const [, ...more] = args
  if (more.some((argument) => argument.star !== "" || argument.expression.kind === "string")) return failOver(at)
  const [only] = more
  if (only === undefined) return anything
  // A union around a variable doesn't take it apart.
  if (only.name === "bound" && more.length === 1) return boundType(tools, only, at)
  if (more.length < 2 || more.some(isNamed)) return failOver(at)
  return { kind: "sealed", inner: boundedUnion(more.map(tools.typeOf), at) }
}

/** `bound=None` is no bound. */
function boundType(tools: MakeTools, bound: LazyArgument, at: Location): Type {
  const { expression } = bound
  if (expression.kind === "constant" && expression.value === "None") return anything
  const inner = tools.typeOf(bound)
  return inner.kind === "null" ? failOver(at) : { kind: "sealed", inner }
}

function isNamed(argument: LazyArgument): boolean {
  return argument.name !== null
}

/** Comparing the members with each other takes the square of their number. */
const unionMembersMax = 200

export function boundedUnion(types: readonly Type[], at: Location): Type {
  const count = types.reduce((sum, type) => sum + (type.kind === "union" ? type.members.length : 1), 0)
  if (count > unionMembersMax) throw new Undecided(`a union of more than ${unionMembersMax} types isn't followed`, at)
  return union(types)
}

/** @throws `Undecided`, always. */
export function failOver(at: Location): never {
  throw new Undecided("the arguments of this type aren't followed", at)
}
