import { isLoopback } from "../lib/loopback.ts"

/** How a registry wants to be asked (RFC 9110 `WWW-Authenticate`; the distribution spec's token flow). */
export type Challenge =
  | { readonly kind: "basic" }
  | {
      readonly kind: "bearer"
      readonly realm: string
      readonly service: string | null
      readonly scope: string | null
    }

const headerCharsMax = 4096

/** The token flow where it is offered, else a password; null when neither is. */
export function parseChallenge(header: string | readonly string[] | undefined): Challenge | null {
  const text = [header ?? ""].flat().join(", ").slice(0, headerCharsMax)
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/is.exec(text)?.[1]
  if (bearer !== undefined) {
    const parameters = new Map(
      [...bearer.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
    )
    const realm = parameters.get("realm")
    if (realm === undefined) return null
    return { kind: "bearer", realm, service: parameters.get("service") ?? null, scope: parameters.get("scope") ?? null }
  }
  return /(?:^|,\s*)basic\b/i.test(text) ? { kind: "basic" } : null
}

/**
 * Where a token may be fetched for a registry: over https, or on this machine for a registry that is there too; never at
 * a bare address, because a registry could make us ask machines that only we reach. null = not there.
 */
export function realmUrl(realm: string, registry: URL): URL | null {
  const url = URL.parse(realm)
  if (!url || url.username !== "" || url.password !== "") return null
  if (url.hostname === registry.hostname) return url.protocol === registry.protocol ? url : null
  if (isLoopback(url.hostname)) return isLoopback(registry.hostname) ? url : null
  return url.protocol === "https:" && isName(url.hostname) ? url : null
}

/**
 * Whether the realm belongs to the same house, so that the registry's credentials may go there: the same host, or one
 * below the same domain (`registry.example.com` and `auth.example.com`).
 */
export function isSameHouse(realm: URL, registry: URL): boolean {
  if (realm.hostname === registry.hostname) return true
  if (isLoopback(registry.hostname)) return isLoopback(realm.hostname)
  const domain = registry.hostname.slice(registry.hostname.indexOf(".") + 1)
  if (!isName(domain)) return false
  return realm.hostname === domain || realm.hostname.endsWith(`.${domain}`)
}

/** A name of at least two parts, no address. */
export function isName(host: string): boolean {
  return host.includes(".") && !/^[\d.]+$|:/.test(host)
}
