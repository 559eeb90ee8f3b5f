import type {
  Argument,
  Clause,
  Expression,
  Of,
  ModuleSyntax,
  Parameter,
  Statement,
} from "../../../src/python/grammar/syntax.ts"

/** What stands in a file, as lists of plain values that can be compared with those of cpython.py. */
export type Outline = null | string | number | boolean | readonly Outline[]

export function outlineOf(module: ModuleSyntax): readonly Outline[] {
  return module.statements.flatMap(statement)
}

function statement(one: Statement): readonly Outline[] {
  switch (one.kind) {
    case "function": {
      const head = [one.at.line, one.name, one.decorators.map(expression), one.parameters.map(parameter)]
      return [["function", ...head, expression(one.returns), one.generic, one.docstring, expression(one.result)]]
    }
    case "class": {
      const head = [one.at.line, one.name, one.decorators.map(expression), one.bases.map(argument), one.generic]
      return [["class", ...head, one.docstring, one.body.flatMap(statement)]]
    }
    case "assign":
      return one.names.map((name) => ["assign", name, expression(one.value)])
    case "annotated":
      return [["annotated", one.name, expression(one.annotation), expression(one.value)]]
    case "import":
      return [["import", one.module, one.as]]
    case "from":
      return [["from", one.module, one.level, one.names === "*" ? "*" : one.names.map(({ name, as }) => [name, as])]]
    case "block":
      return one.body.flatMap(statement)
    case "binds":
      return oursAlone.test(one.what) ? [] : [["binds", one.names]]
    case "passes":
      return []
  }
}

/** Bindings that the outline of cpython.py leaves out, because there they are no statements of their own. */
const oursAlone = /expression|except|match|type/u

function parameter({ name, star, annotation, default: value, keywordOnly }: Parameter): Outline {
  return [name, star, expression(annotation), expression(value), keywordOnly]
}

function argument({ name, star, value }: Argument): Outline {
  return [name ?? "", star, expression(value)]
}

function clause({ target, source, conditions }: Clause): Outline {
  return [target, expression(source), conditions.map(expression)]
}

type Outliners = { readonly [Kind in Expression["kind"]]: (one: Of<Kind>) => readonly Outline[] }

const outliners: Outliners = {
  name: ({ name }) => ["name", name],
  attribute: ({ object, name }) => ["attribute", expression(object), name],
  subscript: ({ object, items }) => ["subscript", expression(object), items.map(expression)],
  call: ({ callee, args }) => ["call", expression(callee), args.map(argument)],
  string: ({ value }) => ["string", value],
  bytes: ({ value }) => ["bytes", value],
  constant: ({ value }) => ["constant", value],
  int: ({ value }) => (value < 10n ** 150n ? ["int", String(value)] : ["opaque"]),
  float: ({ value }) => ["float", value],
  list: ({ items }) => ["list", items.map(expression)],
  tuple: ({ items }) => ["tuple", items.map(expression)],
  set: ({ items }) => ["set", items.map(expression)],
  dict: ({ entries }) => ["dict", entries.map(({ key, value }) => [expression(key), expression(value)])],
  binary: ({ operator, left, right }) => ["binary", operator, expression(left), expression(right)],
  compare: ({ operator, left, right }) => ["compare", operator, expression(left), expression(right)],
  unary: ({ operator, operand }) => ["unary", operator, expression(operand)],
  starred: ({ value }) => ["starred", expression(value)],
  joined: ({ parts }) => ["joined", joinedTexts(parts)],
  formatted: ({ value, conversion, spec }) => ["formatted", expression(value), conversion, spec],
  comprehension: (one) => [
    "comprehension",
    one.of,
    expression(one.key),
    expression(one.element),
    one.clauses.map(clause),
  ],
  opaque: () => ["opaque"],
}

function expression(one: Expression | null): Outline {
  return one && (outliners[one.kind] as (one: Expression) => readonly Outline[])(one)
}

/** CPython makes one text of those that stand beside each other. */
function joinedTexts(parts: readonly Expression[]): Outline {
  const joined: Expression[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.kind === "string" && last?.kind === "string") {
      joined.splice(-1, 1, { ...last, value: last.value + part.value })
    } else joined.push(part)
  }
  return joined.filter((part) => part.kind !== "string" || part.value !== "").map(expression)
}

/** Where the two differ, as a path and both values; null when they are the same. */
export function difference(theirs: Outline, ours: Outline, path = ""): string | null {
  if (isShownValue(theirs, ours) || isNamedCharacter(theirs, ours)) return null
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length)
    return firstDifference(theirs, ours, path)
  return theirs === ours ? null : `${path}: ${JSON.stringify(theirs)} or ${JSON.stringify(ours)}`
}

function firstDifference(theirs: readonly Outline[], ours: readonly Outline[], path: string): string | null {
  if (theirs[0] === "float" && theirs.length === 2) return sameFloat(theirs[1], ours[1], path)
  for (const [index, part] of theirs.entries()) {
    const found = difference(part, ours[index] ?? null, `${path}/${index}`)
    if (found !== null) return found
  }
  return null
}

/** `f"{x=}"` is two parts to CPython, and nothing that is followed to us. */
function isShownValue(theirs: Outline, ours: Outline): boolean {
  return isJoined(theirs) && isJoined(ours) && JSON.stringify(ours).includes('["opaque"]')
}

/** `"\N{BULLET}"` needs the table of names. */
function isNamedCharacter(theirs: Outline, ours: Outline): boolean {
  return Array.isArray(theirs) && theirs[0] === "string" && /[^ -~]/u.test(String(theirs[1])) && isOpaque(ours)
}

function isOpaque(value: Outline): boolean {
  return Array.isArray(value) && value[0] === "opaque"
}

function isJoined(value: Outline): boolean {
  return Array.isArray(value) && value[0] === "joined"
}

function sameFloat(hexadecimal: Outline | undefined, value: Outline | undefined, path: string): string | null {
  const [, mantissa = "", exponent = ""] = /^0x([\da-f.]+)p([+-]\d+)$/u.exec(String(hexadecimal)) ?? []
  const digits = mantissa.replace(".", "")
  const theirs =
    hexadecimal === "inf" ? Infinity : Number(`0x${digits}`) * 2 ** (Number(exponent) - 4 * (digits.length - 1))
  return theirs === value ? null : `${path}: ${String(hexadecimal)} or ${String(value)}`
}
