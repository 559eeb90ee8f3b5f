import { createHash, createHmac } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import type { Receiver } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { sameSecret } from "./auth.ts"

/** What a webhook carries to prove that it comes from where it says. */
const signatureHeaders: Readonly<Record<Receiver["provider"], string>> = {
  github: "x-hub-signature-256",
  gitlab: "x-gitlab-token",
  gitea: "x-gitea-signature",
  bitbucket: "x-hub-signature",
  generic: "x-lockstep-signature",
}

const deliveriesMax = 1000
const replayWindowMs = 10 * 60_000
/** A script may well send the same empty body for each of two pushes; a provider's bodies are all different. */
const genericReplayWindowMs = 10_000

/** The signature that a request brings, or null; looked at before its body is read. */
export function signatureOf(provider: Receiver["provider"], headers: IncomingHttpHeaders): string | null {
  const value = headers[signatureHeaders[provider]]
  return typeof value === "string" && value !== "" ? value : null
}

/** Whether the signature fits the body, byte for byte as it came. GitLab sends the secret itself, the others an HMAC. */
export function isSigned(provider: Receiver["provider"], signature: string, body: Buffer, secret: string): boolean {
  const hmac = () => createHmac("sha256", secret).update(body).digest("hex")
  switch (provider) {
    case "gitlab":
      return sameSecret(signature, secret)
    case "gitea":
      return sameSecret(signature.toLowerCase(), hmac())
    case "github":
    case "bitbucket":
    case "generic":
      return sameSecret(signature.toLowerCase(), `sha256=${hmac()}`)
  }
}

/**
 * Deliveries seen of late. What counts is what the signature covers: an id in a header can be changed by whoever sends
 * a recorded request again. GitLab's token covers nothing, so there its event id counts beside the body.
 */
export class Deliveries {
  readonly #clock: Clock
  readonly #seen = new Map<string, number>()
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether this is the first of its kind; remembers it. */
  isNew(source: string, provider: Receiver["provider"], headers: IncomingHttpHeaders, body: Buffer): boolean {
    const id = provider === "gitlab" ? String(headers["x-gitlab-event-uuid"] ?? "") : ""
    const key = createHash("sha256")
      .update(JSON.stringify([source, id]))
      .update(body)
      .digest("base64")
    const now = this.#clock.elapsed()
    const windowMs = provider === "generic" ? genericReplayWindowMs : replayWindowMs
    const before = this.#seen.get(key)
    if (before !== undefined && now - before < windowMs) return false
    this.#seen.delete(key)
    this.#seen.set(key, now)
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= deliveriesMax) break
      this.#seen.delete(oldest)
    }
    return true
  }
}
