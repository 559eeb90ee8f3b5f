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
  if (options.token) return checkToken(asked, options.token, { secrets: options.secrets, browsers: true })
  // Without a token a web page on a name that resolves to this address could read everything (DNS rebinding).
  if (!isOwnHost(asked.host, options.host))
    throw new HttpProblem(403, "without a configured token, only requests to localhost are answered")
}

/** Lets somebody in who wants to change something. @throws HttpProblem */
export async function checkOperator(asked: Asked, options: AuthOptions): Promise<void> {
  if (options.token) return checkToken(asked, options.token, { secrets: options.secrets, browsers: false })
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

/** Browsers can only ask for a name and a password, so for reading the token may come as the password, whatever the name. */
async function checkToken(
  asked: Asked,
  token: SecretRef,
  { secrets, browsers }: { readonly secrets: SecretReader; readonly browsers: boolean },
): Promise<void> {
  const expected = await readSecret(token, secrets, "the configured token")
  const bearer = /^Bearer +(\S+) *$/i.exec(asked.authorization ?? "")?.[1]
  const given = bearer ?? (browsers ? passwordOf(asked.authorization) : undefined)
  if (given !== undefined && sameSecret(given, expected.reveal())) return
  const detail = given === undefined ? "send the token as `Authorization: Bearer TOKEN`" : "the token is wrong"
  const schemes = browsers ? 'Bearer realm="lockstep", Basic realm="lockstep"' : 'Bearer realm="lockstep"'
  throw new HttpProblem(401, detail, { headers: { "www-authenticate": schemes } })
}

/** Changes never take it: a browser sends it along by itself, also for a foreign page's form. */
function passwordOf(authorization: string | undefined): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? "")?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, "base64").toString("utf8")
  return text.slice(text.indexOf(":") + 1)
}

function isOwnHost(header: string | undefined, own: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? "")
  const host = (match?.[1] ?? match?.[2] ?? "").toLowerCase()
  return host === "localhost" || host === "::1" || host === own.toLowerCase() || isLoopbackV4(host)
}

function isLoopbackV4(host: string): boolean {
  return isIP(host) === 4 && host.startsWith("127.")
}
