import type { Expression } from "./syntax.ts"

/** All names in an expression that evaluating it looks up. */
export function namesIn(expression: Expression): string[] {
  return expression.kind === "name" ? [expression.name] : partsOf(expression).flatMap(namesIn)
}

/** The expressions that an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  if (expression.kind === "attribute") return [expression.object]
  if (expression.kind === "subscript") return [expression.object, ...expression.items]
  if (expression.kind === "call") return [expression.callee, ...expression.args.map((argument) => argument.value)]
  if (expression.kind === "binary" || expression.kind === "compare") return [expression.left, expression.right]
  if (expression.kind === "unary") return [expression.operand]
  if (expression.kind === "joined") return expression.parts
  return expression.kind === "formatted" ? [expression.value] : itemsOf(expression)
}

/** What stands in a literal or a comprehension. */
function itemsOf(expression: Expression): readonly Expression[] {
  if (expression.kind === "dict") {
    return expression.entries.flatMap(({ key, value }) => (key === null ? [value] : [key, value]))
  }
  if (expression.kind === "comprehension") {
    const { key, element, clauses } = expression
    const walked = clauses.flatMap(({ source, conditions }) => [source, ...conditions])
    return [...(key === null ? [] : [key]), element, ...walked]
  }
  return "items" in expression ? expression.items : []
}

/** Names that an expression hands to a call, which may change what they hold. */
export function namesPassedBy(expression: Expression): string[] {
  const within = partsOf(expression).flatMap(namesPassedBy)
  if (expression.kind !== "call" || isHarmless(expression.callee)) return within
  return [...within, ...expression.args.flatMap(({ value }) => mentionedIn(value))]
}

/** All names in an expression, those of attributes among them. */
function mentionedIn(expression: Expression): string[] {
  const own = expression.kind === "name" || expression.kind === "attribute" ? [expression.name] : []
  return [...own, ...partsOf(expression).flatMap(mentionedIn)]
}

function isHarmless(callee: Expression): boolean {
  return callee.kind === "name" && harmless.has(callee.name)
}

/** Calls that leave what they are given as it is. */
const harmless = new Set(
  (
    "len list tuple set frozenset dict sorted str repr int float bool abs min max sum any all range zip enumerate " +
    "reversed isinstance issubclass hash id type format round next iter"
  ).split(" "),
)
