import type { Json } from "../core/json.ts"

/** A JSON text may hold integers that a double can't; only then the slower, exact way is taken. */
const longInteger = /[:[,]\s*-?\d{16,}\s*[,}\]]/

/** JSON as Python wrote it: integers beyond 2^53 come as bigint. @throws SyntaxError */
export function parseJson(text: string): Json {
  if (!longInteger.test(text)) return JSON.parse(text) as Json
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const exact = typeof value === "number" && context?.source !== undefined && /^-?\d+$/.test(context.source)
    return exact && !Number.isSafeInteger(value) ? BigInt(context.source as string) : value
  }) as Json
}

/**
 * The text of a value, big integers written out. A float beyond 2^53 is written as one: as an integer it would come back
 * as the one that its shortest text names, which is another number.
 */
export function jsonText(value: unknown): string {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return rawJSON(member.toString())
    return Number.isInteger(member) && !Number.isSafeInteger(member) ? rawJSON(Number(member).toExponential()) : member
  })
}
