import type { Expression, Of } from "./syntax.ts"

type Parts = { readonly [Kind in Expression["kind"]]?: (expression: Of<Kind>) => readonly Expression[] }

const parts: Parts = {
  attribute: ({ object }) => [object],
  subscript: ({ object, items }) => [object, ...items],
  call: ({ callee, args }) => [callee, ...args.map(({ value }) => value)],
  binary: ({ left, right }) => [left, right],
  compare: ({ left, right }) => [left, right],
  unary: ({ operand }) => [operand],
  joined: (expression) => expression.parts,
  formatted: ({ value }) => [value],
  starred: ({ value }) => [value],
  list: ({ items }) => items,
  tuple: ({ items }) => items,
  set: ({ items }) => items,
  dict: ({ entries }) => entries.flatMap(({ key, value }) => (key === null ? [value] : [key, value])),
  comprehension: ({ key, element, clauses }) => [
    ...(key === null ? [element] : [key, element]),
    ...clauses.flatMap(({ source, conditions }) => [source, ...conditions]),
  ],
}

/** The expressions that an expression is directly made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  const of = parts[expression.kind] as ((expression: Expression) => readonly Expression[]) | undefined
  return of?.(expression) ?? []
}

/** All names in an expression that evaluating it looks up. */
export function namesIn(expression: Expression): string[] {
  return expression.kind === "name" ? [expression.name] : partsOf(expression).flatMap(namesIn)
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
