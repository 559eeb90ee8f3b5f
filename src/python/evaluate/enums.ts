import type { Tools } from "../names/names.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Expression } from "../grammar/syntax.ts"
import { type ClassFact, inClass, inHead, sameValue, type Value } from "../names/python-value.ts"

/** What an enum mixes in: its members' values must be of that type, else they would be converted. */
export type Mixin = "none" | "str" | "int" | "StrEnum" | "Flag"

/** The mixin of an enum class, or null when the class is no enum (or one of an unknown kind). */
export function enumMixin(tools: Tools, fact: ClassFact): Mixin | null {
  const bases = fact.syntax.bases.map((base) => {
    if (base.name !== null || base.star !== "") return "?"
    const value = tools.evaluate(tools.session, base.value, inHead(fact))
    return value.kind === "outside" ? value.path : "?"
  })
  return mixins[bases.join(" ")] ?? null
}

const mixins: Readonly<Record<string, Mixin>> = {
  "enum.Enum": "none",
  "builtins.str enum.Enum": "str",
  "builtins.int enum.Enum": "int",
  "enum.IntEnum": "int",
  "enum.StrEnum": "StrEnum",
  "enum.Flag": "Flag",
  "enum.IntFlag": "Flag",
}

/** Comparing the members with each other takes the square of their number. */
const bodyMax = 500

export interface EnumMember {
  /** As written; a second name of a value is the first member under another name. */
  readonly name: string
  readonly member: Extract<Value, { kind: "member" }>
}

/** All names of an enum's members in order. @throws `Undecided` when the class does something that could change them. */
export function enumMembers(tools: Tools, fact: ClassFact, mixin: Mixin): readonly EnumMember[] {
  const at = locate(fact.scope, fact.syntax.at)
  const members: EnumMember[] = []
  if (fact.syntax.body.length > bodyMax) {
    throw new Undecided(`\`${fact.syntax.name}\` has more than ${bodyMax} members`, at)
  }
  for (const { name, expression } of memberExpressions(fact)) {
    const earlier = members.map((each) => each.member.value)
    const value = memberValue(tools, fact, { name, expression, earlier, mixin })
    const same = members.find((each) => sameValue(each.member.value, value))
    const refused = same !== undefined && fact.syntax.decorators.length > 0
    if (refused || earlier.some((other) => equalsAcrossTypes(other, value))) {
      throw new Undecided(`two members of \`${fact.syntax.name}\` have the same value`, at)
    }
    members.push({ name, member: { kind: "member", class: fact, name: same?.member.name ?? name, value } })
  }
  return members
}

/** The member `Class.NAME`, or null when the class is no enum or has no such member. */
export function enumMember(tools: Tools, fact: ClassFact, name: string): Value | null {
  const mixin = enumMixin(tools, fact)
  if (mixin === null) return null
  const key = `${fact.scope.path}:${fact.order}.*`
  const members = tools.session.within(locate(fact.scope, fact.syntax.at), key, () => enumMembers(tools, fact, mixin))
  return members.find((each) => each.name === name)?.member ?? null
}

/** `1 == 1.0 == True` in Python. */
function equalsAcrossTypes(a: Value, b: Value): boolean {
  const numbers = [a, b].map((value) =>
    value.kind === "int" || value.kind === "float" || value.kind === "bool" ? Number(value.value) : null,
  )
  return a.kind !== b.kind && numbers[0] !== null && numbers[0] === numbers[1]
}

const decisive = new Set([
  "__new__",
  "_generate_next_value_",
  "_ignore_",
  "_missing_value_",
  "_order_",
  "__set_name__",
  "value",
  "name",
  "_value_",
  "_name_",
])

function memberExpressions(fact: ClassFact): { name: string; expression: Expression }[] {
  const odd = (what: string, place: { line: number; column: number }) =>
    new Undecided(`the members of \`${fact.syntax.name}\` depend on ${what}`, locate(fact.scope, place))
  if (fact.syntax.generic) throw odd("type parameters", fact.syntax.at)
  const decorator = fact.syntax.decorators.find(
    (each) =>
      !(each.kind === "name" && each.name === "unique") && !(each.kind === "attribute" && each.name === "unique"),
  )
  if (decorator !== undefined) throw odd("its decorator", decorator.at)
  if (/\b_(?:value|name)_\b/u.test(fact.syntax.text)) throw odd("code that sets them", fact.syntax.at)
  return fact.syntax.body.flatMap((statement) => {
    if (statement.kind === "assign") {
      // `_x` is a member like any other; `__x__` is none; `_x_` and `__x` differ between versions.
      if (statement.names.some((name) => /^_[^_].*_$|^__.*[^_]_?$|^__?$/u.test(name) || decisive.has(name)))
        throw odd("a special attribute", statement.at)
      const names = statement.names.filter((name) => !name.startsWith("__"))
      return names.map((name) => ({ name, expression: statement.value }))
    }
    if (statement.kind === "annotated") {
      if (statement.name.startsWith("_")) throw odd("a special attribute", statement.at)
      const hidden = statement.value === null
      return hidden || statement.value === null ? [] : [{ name: statement.name, expression: statement.value }]
    }
    if (statement.kind !== "function") throw odd("code in its body", statement.at)
    const hook = decisive.has(statement.name) || statement.name.startsWith("__get_pydantic")
    if (hook) throw odd(`\`${statement.name}\``, statement.at)
    return []
  })
}

function memberValue(
  tools: Tools,
  fact: ClassFact,
  use: { name: string; expression: Expression; earlier: readonly Value[]; mixin: Mixin },
): Value {
  const value = tools.evaluate(tools.session, use.expression, inClass(fact))
  const at = locate(fact.scope, use.expression.at)
  if (value.kind === "call") {
    const next = isAuto(value) ? autoValue(use) : null
    if (next === null) throw new Undecided("the value of this enum member is only known when it runs", at)
    return next
  }
  const plain = ["str", "int", "float", "bool", "none", "bytes", "list", "tuple", "dict"].includes(value.kind)
  const fits =
    use.mixin === "none" ? plain : value.kind === (use.mixin === "int" || use.mixin === "Flag" ? "int" : "str")
  if (use.mixin === "Flag" && !(value.kind === "int" && isBit(value.value))) {
    throw new Undecided("a flag of several bits isn't followed", at)
  }
  if (!fits) throw new Undecided("the value of this enum member isn't a plain one", at)
  return value
}

function isAuto(value: Value): boolean {
  return (
    value.kind === "call" &&
    value.callee.kind === "outside" &&
    value.callee.path === "enum.auto" &&
    value.args.length === 0
  )
}

function isBit(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n
}

/** `auto()`: one more than the greatest integer, or in some versions than the last: only where both are the same. */
function autoValue(use: { name: string; earlier: readonly Value[]; mixin: Mixin }): Value | null {
  if (use.mixin === "StrEnum") return { kind: "str", value: use.name.toLowerCase() }
  if (use.mixin === "str") return null
  if (use.mixin === "Flag") {
    const greatest = use.earlier.reduce(
      (most, each) => (each.kind === "int" && each.value > most ? each.value : most),
      0n,
    )
    return { kind: "int", value: greatest === 0n ? 1n : greatest * 2n }
  }
  const numbers = use.earlier.map((value) => (value.kind === "int" ? value.value : null))
  const last = numbers.length === 0 ? 0n : (numbers.at(-1) ?? null)
  if (last === null || numbers.some((number) => number === null || number > last)) return null
  return { kind: "int", value: last + 1n }
}
