import type { Expression } from "./syntax.ts"
import { PythonSyntaxError } from "./tokens.ts"

/** Checks that something may be assigned to: a name, an attribute, an item, or a list of those (Assignment statements). */
export function checkTarget(target: Expression): void {
  if (target.kind !== "tuple" && target.kind !== "list") return checkSingleTarget(target)
  if (target.items.filter((item) => item.kind === "starred").length > 1) {
    throw new PythonSyntaxError("multiple starred expressions in assignment", target.at)
  }
  for (const item of target.items) checkTarget(item.kind === "starred" ? item.value : item)
}

/** Checks that something may stand before `+=` or an annotation. */
export function checkSingleTarget(target: Expression): void {
  const named = target.kind === "name" || target.kind === "attribute"
  if (named && target.name === "__debug__") throw new PythonSyntaxError("cannot assign to __debug__", target.at)
  if (named || target.kind === "subscript") return
  throw new PythonSyntaxError(`cannot assign to ${described(target)}`, target.at)
}

/** Checks that something may stand after `del`. */
export function checkDeleted(target: Expression): void {
  if (target.kind !== "tuple" && target.kind !== "list") return checkSingleTarget(target)
  target.items.forEach(checkDeleted)
}

function described(target: Expression): string {
  if (target.kind === "opaque") return target.what
  if (target.kind === "constant") return target.value
  if (target.kind === "compare") return "a comparison"
  return `a ${target.kind === "int" || target.kind === "float" ? "number" : target.kind}`
}

/** The names that the targets bind; of `x.a` and `x[i]` the changed `x`. */
export function boundNames(target: Expression): string[] {
  if (target.kind === "tuple" || target.kind === "list") return target.items.flatMap(boundNames)
  if (target.kind === "starred") return boundNames(target.value)
  const name = firstName(target)
  return name === null ? [] : [name]
}

function firstName(target: Expression): string | null {
  let part = target
  while (part.kind === "attribute" || part.kind === "subscript" || part.kind === "call") {
    part = part.kind === "call" ? part.callee : part.object
  }
  return part.kind === "name" ? part.name : null
}
