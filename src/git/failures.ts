import { httpDateMs } from "../core/instant.ts"
import type { Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"

/**
 * Each way that a Git server can fail us, with its reason in plain words. Transient: trying again may help. Stalled: a
 * person has to change something here or there (tried again all the same, but later).
 */

/** Far more than is shown: secrets are masked, and the whole is cut, after this. */
const wordsMax = 2_000
const retryAfterMaxMs = 3_600_000

/** Something came back that isn't a whole and proper answer: nothing may be concluded from it. */
export function badAnswer(why: string, cause?: unknown): GitError {
  return new GitError(`the Git server's answer can't be used: ${why}`, {
    kind: "transient",
    code: "git-bad-answer",
    cause,
  })
}

/** A page, or a server of another kind: the URL isn't that of a repository, or a proxy wants a login first. */
export function notGit({ url }: Remote, contentType: string): GitError {
  const type = contentType === "" ? "an answer of no type" : readable(contentType)
  const message = `${url} answers with ${type} instead of Git's protocol: is it a login page, or not the URL of a repository?`
  return new GitError(message, { kind: "stalled", code: "git-not-git" })
}

/** The server's own refusal inside a well-formed answer. */
export function refusal(words: string, kind: "transient" | "stalled"): GitError {
  return new GitError(`the Git server refuses: ${readable(words)}`, { kind, code: "git-refused" })
}

/** The server doesn't have that object, or doesn't give it. */
export function revisionMissing(words: string): GitError {
  const message = `the Git server doesn't give that commit (${readable(words)}): was its branch deleted or force-pushed?`
  return new GitError(message, { kind: "stalled", code: "revision-not-found" })
}

export function tooLarge(what: string): GitError {
  return new GitError(`${what}; that is more than Lockstep takes`, { kind: "stalled", code: "git-too-large" })
}

/** The commit itself is no good: only another commit can help. */
export function badCommit(why: string): GitError {
  return new GitError(`the commit can't be read: ${why}`, { kind: "stalled", code: "git-bad-commit" })
}

export function redirected({ url }: Remote, target: string): GitError {
  const message = `${url} redirects to ${readable(target)}: configure that URL, if it may have the credentials`
  return new GitError(message, { kind: "stalled", code: "git-redirected" })
}

/** An HTTP status other than 200. */
export function badStatus(
  remote: Remote,
  status: number,
  retryAfter: { readonly header: string | null; readonly now: number },
): GitError {
  const { url, credentials } = remote
  const retryAfterMs = waitOf(retryAfter.header, retryAfter.now)
  const given = credentials ? "the credentials of this source were refused" : "this source has no credentials"
  // 203 is Azure DevOps' way to say 401; GitHub says 403 with Retry-After when it is asked too often.
  if (status === 401 || status === 203)
    return new GitError(`${url} wants a login (${status}): ${given}`, { kind: "stalled", code: "git-unauthorized" })
  if (status === 403 && retryAfterMs === null)
    return new GitError(`${url} is forbidden (403): ${given}, or may not read it`, {
      kind: "stalled",
      code: "git-forbidden",
    })
  if (status === 404 || status === 410) {
    const message = `${url} isn't there (${status}), or is hidden: ${credentials ? "check the URL and what the credentials may read" : given}`
    return new GitError(message, { kind: "stalled", code: "git-repository-not-found" })
  }
  if (status === 407)
    return new GitError(`the proxy on the way to ${url} wants a login (407)`, { kind: "stalled", code: "git-proxy" })
  return new GitError(`${url} answers with status ${status}`, { kind: "transient", code: "git-status", retryAfterMs })
}

/** No answer at all, or one that broke off. */
export function unreachable({ url, caFile }: Remote, cause: Error): GitError {
  const code = codeOf(cause)
  if (/^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
    const hint = caFile ? `is ${caFile} the right file?` : "a server with its own authority needs `caFile`"
    const message = `${url} can't be trusted: its certificate fails with ${code}; ${hint}`
    return new GitError(message, { kind: "stalled", code: "git-tls", cause })
  }
  if (code === "UND_ERR_INVALID_ARG" && cause.message.includes("407"))
    return new GitError(`the proxy on the way to ${url} wants a login (407)`, { kind: "stalled", code: "git-proxy" })
  const why = reasons[code] ?? (cause.message === "" ? code : readable(cause.message))
  return new GitError(`${url} can't be reached: ${why}`, { kind: "transient", code: "git-unreachable", cause })
}

/** The server hangs: it is there, but nothing came for too long, or not all of it in time. */
export function tooSlow({ url }: Remote, limitMs: number, cause: Error): GitError {
  const message = `${url} took too long: nothing more within ${limitMs / 1_000} s`
  return new GitError(message, { kind: "transient", code: "git-timeout", cause })
}

/** Whether an error of the HTTP client is one of its own time limits. */
export function isTimeout(error: Error): boolean {
  return error.name === "TimeoutError" || /^UND_ERR_(HEADERS|BODY|CONNECT)_TIMEOUT$/.test(codeOf(error))
}

/** Whether a kept connection had been closed by the other side just as it was used again: the request was never read. */
export function isStaleConnection(error: Error): boolean {
  return ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error))
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its host name isn't known",
  EAI_AGAIN: "its host name can't be looked up now",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection broke off",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its network",
  UND_ERR_SOCKET: "the connection broke off",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut short",
}

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : error.name
}

/** RFC 9110: seconds, or a date. */
function waitOf(header: string | null, now: number): number | null {
  if (header === null) return null
  const until = /^\d+$/.test(header) ? now + Number(header) * 1_000 : httpDateMs(header)
  return until === null ? null : Math.min(Math.max(0, until - now), retryAfterMaxMs)
}

/** A server's words, fit to be shown: one line of bounded length without control characters. */
function readable(words: string): string {
  return words
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, wordsMax)
}
