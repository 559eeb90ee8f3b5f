/**
 * Why a request got no answer. `unsent`: it never reached the server, so that a write can't have been carried out.
 */
export type Failure =
  /** Nothing more came for so long, or not all of it in time. */
  | { readonly kind: "too-slow"; readonly limitMs: number; readonly unsent: boolean }
  /** The server's certificate. */
  | { readonly kind: "untrusted"; readonly code: string; readonly unsent: true }
  /** Our own file of authorities. */
  | { readonly kind: "authorities"; readonly unsent: true }
  /** Whose address only we reach, and nobody in the config has named it. */
  | { readonly kind: "closed-address"; readonly unsent: true }
  | { readonly kind: "proxy"; readonly unsent: boolean }
  | { readonly kind: "unreachable"; readonly unsent: boolean }

/** No answer, or none that came to its end; the message is the end of a sentence that begins with the server. */
export class HttpError extends Error {
  override readonly name = "HttpError"
  readonly failure: Failure
  constructor(why: string, failure: Failure, cause?: unknown) {
    super(why, { cause })
    this.failure = failure
  }
}

/** What went wrong below, with its reason in plain words. */
export function failureOf(
  cause: Error,
  around: { readonly caFile: string | null; readonly idleMs: number },
): HttpError {
  const code = codeOf(cause)
  const unsent = beforeSending.has(code)
  if (isTimeout(cause, code)) return tooSlow(around.idleMs, code === "UND_ERR_CONNECT_TIMEOUT", cause)
  if (code === "CLOSED_ADDRESS") return closedAddress(cause)
  if (/^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
    const hint = around.caFile
      ? `is ${around.caFile} the right file?`
      : "a server with its own authority needs `caFile`"
    const why = `can't be trusted: its certificate fails with ${code}; ${hint}`
    return new HttpError(why, { kind: "untrusted", code, unsent: true }, cause)
  }
  const status = /Proxy response \((\d+)\)/.exec(cause.message)?.[1]
  if (status !== undefined) {
    const why = status === "407" ? "wants a login (407)" : `answers with status ${status} when asked to connect`
    return new HttpError(`can't be reached: the proxy on the way ${why}`, { kind: "proxy", unsent: true }, cause)
  }
  if (code === "UND_ERR_PRX_TLS" || code === "UND_ERR_PRX_CONN")
    return new HttpError("can't be reached: the proxy on the way broke off", { kind: "proxy", unsent: true }, cause)
  const why = reasons[code] ?? (cause.message === "" ? code : cause.message)
  return new HttpError(`can't be reached: ${why}`, { kind: "unreachable", unsent }, cause)
}

/** The server hangs: it is there, but nothing came for too long, or not all of it in time. */
export function tooSlow(limitMs: number, unsent: boolean, cause?: unknown): HttpError {
  const why = `took too long: nothing more within ${limitMs / 1_000} s`
  return new HttpError(why, { kind: "too-slow", limitMs, unsent }, cause)
}

export function closedAddress(cause?: unknown): HttpError {
  const why = "is at an address that isn't public, so it is asked only when the config names it"
  return new HttpError(why, { kind: "closed-address", unsent: true }, cause)
}

/** Whether a kept connection had been closed by the other side just as it was used again: the request was never read. */
export function isStaleConnection(error: Error): boolean {
  return ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error))
}

const beforeSending = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"])

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its host name isn't known",
  EAI_AGAIN: "its host name can't be looked up now",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection broke off",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its network",
  EPIPE: "the connection broke off",
  ETIMEDOUT: "its host doesn't answer",
  UND_ERR_SOCKET: "the connection broke off",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut short",
  UND_ERR_HEADERS_OVERFLOW: "it answers with more headers than are read",
}

function isTimeout(error: Error, code: string): boolean {
  return error.name === "TimeoutError" || /^UND_ERR_(?:HEADERS|BODY|CONNECT)_TIMEOUT$/.test(code)
}

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : error.name
}
