import type { Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"
import type { HttpError } from "../lib/http/failures.ts"
import { waitOf } from "../lib/http/hints.ts"
import type { HttpAnswer } from "../lib/http/http.ts"
import { oneLine, refusalWords } from "../lib/http/words.ts"

/**
 * Each way that a Git server can fail us, with its reason in plain words. Transient: trying again may help. Stalled: a
 * person has to change something here or there (tried again all the same, but later). A server's own words stand last,
 * and whole: secrets are taken out of them, and then they are cut, in `remotes.ts`.
 */

/** GitHub: "wait at least one minute" where a secondary limit names no time. */
const secondaryLimitMs = 60_000

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
  const type = contentType === "" ? "an answer of no type" : oneLine(contentType)
  const message = `${url} answers with ${type} instead of Git's protocol: is it a login page, or not the URL of a repository?`
  return new GitError(message, { kind: "stalled", code: "git-not-git" })
}

/** The server's own refusal inside a well-formed answer. */
export function refusal(words: string, kind: "transient" | "stalled"): GitError {
  return new GitError(`the Git server refuses: ${oneLine(words)}`, { kind, code: "git-refused" })
}

/** The server doesn't have that object, or doesn't give it. */
export function revisionMissing(words: string): GitError {
  const message = `the Git server doesn't give that commit (${oneLine(words)}): was its branch deleted or force-pushed?`
  return new GitError(message, { kind: "stalled", code: "revision-not-found" })
}

/** The server itself has just listed it, so it is on its way: one replica has the ref, another not yet the objects. */
export function revisionNotYet(revision: string, words: string): GitError {
  const message = `the Git server lists commit ${revision.slice(0, 10)} and doesn't give it yet: is a replica behind? It says: ${words}`
  return new GitError(message, { kind: "transient", code: "revision-not-yet" })
}

export function tooLarge(what: string): GitError {
  return new GitError(`${what}; that is more than Lockstep takes`, { kind: "stalled", code: "git-too-large" })
}

/** The commit itself is no good: only another commit can help. */
export function badCommit(why: string): GitError {
  return new GitError(`the commit can't be read: ${why}`, { kind: "stalled", code: "git-bad-commit" })
}

export function redirected({ url }: Remote, target: string): GitError {
  const message = `${url} redirects to ${oneLine(target)}: configure that URL, if it may have the credentials`
  return new GitError(message, { kind: "stalled", code: "git-redirected" })
}

/** An HTTP status other than 200. */
export function badStatus(
  remote: Remote,
  answer: HttpAnswer,
  { nowMs, mask }: { readonly nowMs: number; readonly mask: (text: string) => string },
): GitError {
  const { url } = remote
  const { status, headers } = answer
  const words = refusalWords(answer, mask)
  const says = words === null ? "" : `; it says: ${words}`
  const asked = waitOf(headers, nowMs)
  if (isLimit(status, asked, words)) {
    const retryAfterMs = asked ?? secondaryLimitMs
    const message = `${url} was asked too often (${status})${says}`
    return new GitError(message, { kind: "transient", code: "git-status", retryAfterMs })
  }
  const refused = refusedAs(remote, status, words !== null)
  if (refused) return new GitError(`${refused.message}${says}`, { kind: "stalled", code: refused.code })
  const message = `${url} answers with status ${status}${says}`
  return new GitError(message, { kind: "transient", code: "git-status", retryAfterMs: asked })
}

/** Who isn't let in, as far as the status tells; null for a status that says nothing of that. */
function refusedAs({ url, credentials }: Remote, status: number, hasWords: boolean) {
  const given = credentials ? "the credentials of this source were refused" : "this source has no credentials"
  switch (status) {
    // 203 is Azure DevOps' way to say 401.
    case 203:
    case 401:
      return { code: "git-unauthorized", message: `${url} wants a login (${status}): ${given}` }
    case 403:
      return {
        code: "git-forbidden",
        message: `${url} is forbidden (403): ${given}${hasWords ? "" : ", or may not read it"}`,
      }
    case 404:
    case 410: {
      const hint = credentials ? "check the URL and what the credentials may read" : given
      return { code: "git-repository-not-found", message: `${url} isn't there (${status}), or is hidden: ${hint}` }
    }
    case 407:
      return { code: "git-proxy", message: `the proxy on the way to ${url} wants a login (407)` }
    default:
      return null
  }
}

/** GitHub says 403 too when it is asked too often, and its secondary limit may say so in words only. */
function isLimit(status: number, asked: number | null, words: string | null): boolean {
  if (status === 429) return true
  return status === 403 && (asked !== null || /rate.?limit|abuse detection|too many requests/i.test(words ?? ""))
}

/** No answer at all, or one that broke off. */
export function noAnswer({ url }: Remote, { failure, message: why, cause }: HttpError): GitError {
  const of = (kind: "transient" | "stalled", code: string): GitError =>
    new GitError(`${url} ${why}`, { kind, code, cause })
  switch (failure.kind) {
    case "too-slow":
      return of("transient", "git-timeout")
    case "untrusted":
      return of("stalled", "git-tls")
    case "authorities":
      return of("stalled", "git-ca-file")
    case "proxy":
      return of(why.includes("407") ? "stalled" : "transient", why.includes("407") ? "git-proxy" : "git-unreachable")
    case "closed-address":
    case "unreachable":
      return of("transient", "git-unreachable")
  }
}
