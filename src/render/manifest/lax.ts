import type { Json } from "../../core/json.ts"

/** Values as pydantic reads them for a field of another type (its lax mode), which is how Prefect reads a manifest. */

/** null = not a boolean. */
export function laxBoolean(value: Json): boolean | null {
  if (typeof value === "boolean") return value
  const text = typeof value === "object" ? "" : String(value).toLowerCase()
  if (["true", "yes", "on", "1", "t", "y"].includes(text)) return true
  return ["false", "no", "off", "0", "f", "n"].includes(text) ? false : null
}

/** null = not a whole number. */
export function laxInteger(value: Json): number | null {
  if (typeof value === "number") return Number.isInteger(value) ? value : null
  return typeof value === "string" && /^\s*[-+]?\d{1,15}(?:\.0+)?\s*$/.test(value) ? Number(value) : null
}
