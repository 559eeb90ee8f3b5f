import { isJsonObject, itemName, jsonEqual, type Json } from "./json.ts"
import { isSecretName } from "./secret.ts"

/** One difference, as deep as it goes: `path` is below what is compared (`env.STAGE`), "" for that itself. */
export interface Difference {
  readonly path: string
  /** Absent = there is no such value on that side. */
  readonly live?: Json
  readonly desired?: Json
}

/** Every difference of two values, each below `path`. */
export function diffJson(desired: Json | undefined, live: Json | undefined, path = ""): readonly Difference[] {
  if (isJsonObject(desired) && isJsonObject(live)) {
    const names = [...new Set([...Object.keys(desired), ...Object.keys(live)])].toSorted()
    return names.flatMap((name) => diffJson(desired[name], live[name], path ? `${path}.${name}` : name))
  }
  if (Array.isArray(desired) && Array.isArray(live) && pairUp(desired, live)) {
    return desired.flatMap((item: Json, index) => diffJson(item, live[index], `${path}[${index}]`))
  }
  if (desired !== undefined && live !== undefined && jsonEqual(desired, live)) return []
  return [{ path, ...(live !== undefined && { live }), ...(desired !== undefined && { desired }) }]
}

/**
 * Lists are compared item by item only where the items at each place are the same thing: an insertion would make a
 * difference of all that follow. What stands beside a secret's name stays with it, so that whoever shows it can tell.
 */
function pairUp(desired: readonly Json[], live: readonly Json[]): boolean {
  return desired.length === live.length && desired.every((item, index) => isPair(item, live[index]))
}

function isPair(item: Json, other: Json | undefined): boolean {
  const name = itemName(item)
  return name !== null && other !== undefined && name === itemName(other) && !isSecretName(name)
}
