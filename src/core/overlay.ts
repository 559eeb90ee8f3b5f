import { isJsonObject, type Json } from "./json.ts"

export type Path = readonly string[]

/** `value` with the parts at these paths taken from `live`, present or not: so `ignore` leaves a part to people. */
export function overlayAll(value: Json, live: Json | undefined, paths: readonly Path[]): Json {
  return paths.reduce<Json>((kept, path) => overlay(kept, live, path), value)
}

/** `value` with the part at `path` taken from `live`, present or not. `*` stands for any one name. */
function overlay(value: Json, live: Json | undefined, path: Path): Json {
  const [head, ...rest] = path
  if (head === undefined) return live ?? null
  if (!isJsonObject(value)) return value
  const now = isJsonObject(live) ? live : {}
  const names = head === "*" ? [...new Set([...Object.keys(value), ...Object.keys(now)])] : [head]
  const kept: Record<string, Json> = { ...value }
  for (const name of names) {
    const part = rest.length > 0 ? deeper(kept[name], now[name], rest) : now[name]
    if (part === undefined) delete kept[name]
    else kept[name] = part
  }
  return kept
}

/** A part that only live has is made for what it keeps there, and not made for nothing. */
function deeper(value: Json | undefined, live: Json | undefined, path: Path): Json | undefined {
  if (value !== undefined) return overlay(value, live, path)
  const kept = isJsonObject(live) ? overlay({}, live, path) : {}
  return isJsonObject(kept) && Object.keys(kept).length === 0 ? undefined : kept
}
