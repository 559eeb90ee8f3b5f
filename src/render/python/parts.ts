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
