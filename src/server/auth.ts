import { createHash, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"
import type { AccessToken } from "../core/access.ts"
import type { Secret, SecretReader, SecretRef } from "../core/secret.ts"
import { HttpProblem } from "./problem.ts"

export interface AuthOptions {
  /** Empty = none is configured: whoever reaches the port may read, and nobody may do anything. */
  readonly tokens: readonly AccessToken[]
  readonly secrets: SecretReader
  /** The host that the server listens on, for the check of the Host header. */
  readonly host: string
}

interface Asked {
  readonly authorization: string | undefined
  readonly host: string | undefined
}

/** Lets a reader in; gives the token's name, null when none is needed. @throws HttpProblem */
export async function checkReader(asked: Asked, options: AuthOptions): Promise<string | null> {
  if (options.tokens.length > 0) return (await callerOf(asked, options, true)).name
  // Without a token a web page on a name that resolves to this address could read everything (DNS rebinding).
  if (isOwnHost(asked.host, options.host)) return null
  throw new HttpProblem(403, "without a configured token, only requests to localhost are answered")
}

/** Lets somebody in who wants to change something; gives the token's name. @throws HttpProblem */
export async function checkOperator(asked: Asked, options: AuthOptions): Promise<string> {
  if (options.tokens.length === 0)
    throw new HttpProblem(403, "no token is configured, so nothing can be asked for: set `server.token` in the config")
  const { name, role } = await callerOf(asked, options, false)
  if (role === "operate") return name
  throw new HttpProblem(403, `the token ${name} may only read: this needs one with \`role: operate\``)
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
async function callerOf(asked: Asked, { tokens, secrets }: AuthOptions, browsers: boolean): Promise<AccessToken> {
  const bearer = /^Bearer +(\S+) *$/i.exec(asked.authorization ?? "")?.[1]
  const given = bearer ?? (browsers ? passwordOf(asked.authorization) : undefined)
  if (given === undefined) throw unauthorized("send the token as `Authorization: Bearer TOKEN`", browsers)
  const read = await Promise.allSettled(tokens.map(({ token }) => readSecret(token, secrets, "the configured token")))
  // Every one is compared, so that the time tells nothing about which it was.
  const fits = read.map((one) => one.status === "fulfilled" && sameSecret(given, one.value.reveal()))
  const caller = tokens[fits.indexOf(true)]
  if (caller) return caller
  const unread = read.find(({ status }) => status === "rejected")
  throw unread?.status === "rejected" ? (unread.reason as Error) : unauthorized("the token is wrong", browsers)
}

/**
 * A challenge a line, Basic first: browsers take the first line that they know, and give up at one that names two schemes.
 */
function unauthorized(detail: string, browsers: boolean): HttpProblem {
  const bearer = 'Bearer realm="lockstep"'
  const challenges = browsers ? ['Basic realm="lockstep", charset="UTF-8"', bearer] : [bearer]
  return new HttpProblem(401, detail, { headers: { "www-authenticate": challenges } })
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
