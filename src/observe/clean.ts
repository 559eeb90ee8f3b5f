import { cleanText } from "../core/secret.ts"

const stackLengthMax = 2000
const listLengthMax = 100
const depthMax = 6

/** A value for a log line: every text in it clean, errors as data, lists and depth bounded. */
export function cleanValue(value: unknown, mask: (text: string) => string, depth = 0): unknown {
  if (typeof value === "string") return cleanText(value, mask)
  if (typeof value === "bigint") return value.toString()
  if (typeof value !== "object" || value === null) return value
  if (depth >= depthMax) return "…"
  if (value instanceof Error) return cleanError(value, mask, depth)
  if (Array.isArray(value)) {
    const items = value.slice(0, listLengthMax).map((item: unknown) => cleanValue(item, mask, depth + 1))
    return value.length > listLengthMax ? [...items, `… and ${value.length - listLengthMax} more`] : items
  }
  if ("toJSON" in value && typeof value.toJSON === "function") return cleanValue(value.toJSON(), mask, depth + 1)
  const members = Object.entries(value).slice(0, listLengthMax)
  return Object.fromEntries(members.map(([key, item]) => [key, cleanValue(item, mask, depth + 1)]))
}

/** Without properties that libraries hang on their errors: requests with headers, for example. */
function cleanError(error: Error, mask: (text: string) => string, depth: number): Record<string, unknown> {
  const code = "code" in error && typeof error.code === "string" ? error.code : null
  return {
    type: error.name,
    message: cleanText(error.message, mask),
    ...(code !== null && { code }),
    ...(error.stack !== undefined && code === null && { stack: mask(error.stack).slice(0, stackLengthMax) }),
    ...(error.cause !== undefined && { cause: cleanValue(error.cause, mask, depth + 1) }),
  }
}
