import { ConfigError, toError } from "../lib/errors.ts"

/** Ends a look at a registry with a reason for people, in our own words. */
export class Unanswered extends Error {
  override readonly name = "Unanswered"
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "can't be reached: its name isn't known",
  EAI_AGAIN: "can't be reached: its name can't be looked up now",
  ECONNREFUSED: "can't be reached: nothing listens there",
  ECONNRESET: "can't be reached: the connection broke off",
  EHOSTUNREACH: "can't be reached: there is no way to its host",
  ENETUNREACH: "can't be reached: there is no way to its network",
  UND_ERR_SOCKET: "can't be reached: the connection broke off",
  UND_ERR_HEADERS_OVERFLOW: "answers with more than is read",
}

/** Why there was no answer, as the end of a sentence that begins with the registry. */
export function because(thrown: unknown, limitMs: number, caFile: string | null): string {
  const error = toError(thrown)
  if (error instanceof ConfigError) return `can't be asked: ${error.message}`
  const code = codeOf(error)
  if (error.name === "TimeoutError" || /^UND_ERR_(?:HEADERS|BODY|CONNECT)_TIMEOUT$/.test(code))
    return `took longer than ${limitMs / 1_000} s`
  if (/^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
    const hint = caFile === null ? "its own authority needs `caFile`" : `is ${caFile} the right file?`
    return `can't be trusted: its certificate fails with ${code}; ${hint}`
  }
  if (code === "ENOENT" || code === "EACCES") return `can't be asked: ${caFile ?? "a file"} can't be read (${code})`
  return reasons[code] ?? `can't be reached (${code})`
}

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : error.name
}
