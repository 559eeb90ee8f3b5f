import { Undecided } from "../names/session.ts"
import type { Value } from "../names/python-value.ts"

const sizes = new WeakMap<Value, number>()

/** Characters and items that a value holds, each as often as it stands in it: what writing it down would take. */
export function sizeOf(value: Value): number {
  if (value.kind === "str" || value.kind === "bytes") return 1 + value.value.length
  const parts = partsOf(value)
  if (parts.length === 0) return 1
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = parts.reduce((sum, part) => sum + sizeOf(part), 1)
  sizes.set(value, size)
  return size
}

function partsOf(value: Value): readonly Value[] {
  if ("items" in value) return value.items
  if (value.kind === "member") return [value.value]
  if (!("entries" in value)) return []
  return value.entries.flatMap(({ key, value: held }) => (held instanceof Undecided ? [key] : [key, held]))
}
