import { createHash, createHmac } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import type { Receiver } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { sameSecret } from "./auth.ts"

type Provider = Receiver["provider"]

/** What a webhook carries to prove that it comes from where it says, the strongest first. */
const signatureHeaders: Readonly<Record<Provider, readonly string[]>> = {
  github: ["x-hub-signature-256"],
  gitlab: ["webhook-signature", "x-gitlab-token"],
  gitea: ["x-gitea-signature", "x-forgejo-signature"],
  bitbucket: ["x-hub-signature"],
  // Service hooks sign nothing: they send a user and password, or a header of one's own.
  azure: ["authorization", "x-lockstep-token"],
  generic: ["x-lockstep-signature"],
}

const deliveriesMax = 1000
const replayWindowMs = 10 * 60_000
/** A script may well send the same empty body for each of two pushes; a provider's bodies are all different. */
const genericReplayWindowMs = 10_000
/** Of Standard Webhooks' time stamp, both ways. */
const stampToleranceMs = 5 * 60_000

export interface Signature {
  readonly header: string
  readonly value: string
}

/** The signature that a request brings, or null; looked at before its body is read. */
export function signatureOf(provider: Provider, headers: IncomingHttpHeaders): Signature | null {
  for (const header of signatureHeaders[provider]) {
    const value = headers[header]
    if (typeof value === "string" && value !== "") return { header, value }
  }
  return null
}

/** A provider's own test without a signature: answered kindly, as some switch off hooks that are refused; it starts nothing. */
export function isUnsignedTest(provider: Provider, headers: IncomingHttpHeaders): boolean {
  return provider === "bitbucket" && headers["x-event-key"] === "diagnostics:ping"
}

interface Signed {
  readonly signature: Signature
  readonly headers: IncomingHttpHeaders
  /** Byte for byte as it came. */
  readonly body: Buffer
  readonly nowMs: number
}

/** Whether the signature fits the body. GitLab's older token and Azure's login are the secret itself, the others an HMAC. */
export function isSigned(provider: Provider, secret: string, signed: Signed): boolean {
  const { signature, body } = signed
  const hmac = () => createHmac("sha256", secret).update(body).digest("hex")
  switch (provider) {
    case "gitlab":
      return signature.header === "webhook-signature" ? isStandard(secret, signed) : sameSecret(signature.value, secret)
    case "azure":
      return signature.header === "authorization"
        ? isLogin(secret, signature.value)
        : sameSecret(signature.value, secret)
    case "gitea":
      return sameSecret(signature.value.toLowerCase(), hmac())
    case "github":
    case "bitbucket":
    case "generic":
      return sameSecret(signature.value.toLowerCase(), `sha256=${hmac()}`)
  }
}

/** Standard Webhooks: `v1,BASE64` of an HMAC over id, time and body, several with spaces between; a secret may be `whsec_BASE64`. */
function isStandard(secret: string, { signature, headers, body, nowMs }: Signed): boolean {
  const [id, stamp] = [headers["webhook-id"], headers["webhook-timestamp"]]
  if (typeof id !== "string" || typeof stamp !== "string" || !/^\d{1,12}$/.test(stamp)) return false
  if (Math.abs(nowMs - Number(stamp) * 1_000) > stampToleranceMs) return false
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret)
  const expected = createHmac("sha256", key).update(`${id}.${stamp}.`).update(body).digest("base64")
  const given = signature.value
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .slice(0, 10)
  return given.map((one) => sameSecret(one.slice(3), expected)).includes(true)
}

/** Basic authentication, whose user may be anything unless the secret names one (`user:password`). */
function isLogin(secret: string, authorization: string): boolean {
  const encoded = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1]
  if (encoded === undefined) return false
  const login = Buffer.from(encoded, "base64").toString("utf8")
  const password = login.slice(login.indexOf(":") + 1)
  return [sameSecret(login, secret), sameSecret(password, secret)].includes(true)
}

/**
 * Deliveries seen of late. What counts is what the signature covers: an id in a header can be changed by whoever sends
 * a recorded request again. What is sent with the secret itself covers nothing, so there the provider's id counts too.
 */
export class Deliveries {
  readonly #clock: Clock
  readonly #seen = new Map<string, number>()
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether this is the first of its kind; remembers it. */
  isNew(source: string, provider: Provider, headers: IncomingHttpHeaders, body: Buffer): boolean {
    const id = provider === "gitlab" ? String(headers["webhook-id"] ?? headers["x-gitlab-event-uuid"] ?? "") : ""
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
