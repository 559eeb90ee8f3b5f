import { createHash, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"
import type { Secret, SecretReader, SecretRef } from "../core/secret.ts"
import { HttpProblem } from "./problem.ts"

export interface AuthOptions {
  /** Null = none is configured: whoever reaches the port may read, and nobody may do anything. */
  readonly token: SecretRef | null
  readonly secrets: SecretReader
  /** The host that the server listens on, for the check of the Host header. */
  readonly host: string
}

interface Asked {
  readonly authorization: string | undefined
  readonly host: string | undefined
}

/** Lets a reader in. @throws HttpProblem */
export async function checkReader(asked: Asked, options: AuthOptions): Promise<void> {
  if (options.token) return checkToken(asked, options.token, options.secrets)
  // Without a token a web page on a name that resolves to this address could read everything (DNS rebinding).
  if (!isOwnHost(asked.host, options.host))
    throw new HttpProblem(403, "without a configured token, only requests to localhost are answered")
}

/** Lets somebody in who wants to change something. @throws HttpProblem */
export async function checkOperator(asked: Asked, options: AuthOptions): Promise<void> {
  if (options.token) return checkToken(asked, options.token, options.secrets)
  throw new HttpProblem(403, "no token is configured, so nothing can be asked for: set `server.token` in the config")
}

/** Compares two secrets in constant time, whatever their lengths. */
export function sameSecret(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest())
}

/** Reads a configured secret; without it nobody is let in. @throws HttpProblem */
export async function readSecret(ref: SecretRef, secrets: SecretReader, what: string): Promise<Secret> {
  try {
    return await secrets.read(ref)
  } catch {
    // The reason names files and variables, which is nothing for the other side; the turn or the log has it.
    throw new HttpProblem(503, `${what} can't be read on the server`, { headers: { "retry-after": "10" } })
  }
}

async function checkToken(asked: Asked, token: SecretRef, secrets: SecretReader): Promise<void> {
  const expected = await readSecret(token, secrets, "the configured token")
  const given = /^Bearer +(\S+) *$/i.exec(asked.authorization ?? "")?.[1]
  if (given !== undefined && sameSecret(given, expected.reveal())) return
  const detail = given === undefined ? "send the token as `Authorization: Bearer TOKEN`" : "the token is wrong"
  throw new HttpProblem(401, detail, { headers: { "www-authenticate": 'Bearer realm="lockstep"' } })
}

function isOwnHost(header: string | undefined, own: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? "")
  const host = (match?.[1] ?? match?.[2] ?? "").toLowerCase()
  return host === "localhost" || host === "::1" || host === own.toLowerCase() || isLoopbackV4(host)
}

function isLoopbackV4(host: string): boolean {
  return isIP(host) === 4 && host.startsWith("127.")
}
