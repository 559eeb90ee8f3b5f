import { BlockList, isIP } from "node:net"
import { addressOf } from "./addresses.ts"

export type Environment = Readonly<Record<string, string | undefined>>

const standardPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

/**
 * The proxy that the environment names for a URL, as curl and Git read it: `https_proxy` and `http_proxy` by the URL's
 * protocol, else `all_proxy`, in small or capital letters. `http_proxy` alone is for both, as it was in earlier versions.
 * null = none, or NO_PROXY excepts it.
 */
export function proxyFor(url: URL, environment: Environment): string | null {
  const named = (name: string): string | null => {
    const value = environment[name] ?? environment[name.toUpperCase()]
    return value === undefined || value.trim() === "" ? null : value.trim()
  }
  const own = url.protocol === "https:" ? (named("https_proxy") ?? named("http_proxy")) : named("http_proxy")
  const proxy = own ?? named("all_proxy")
  if (proxy === null || isExcepted(url, named("no_proxy") ?? "")) return null
  return proxy.includes("://") ? proxy : `http://${proxy}`
}

/**
 * Whether NO_PROXY names a URL's host: a name with all below it (`example.com`, `.example.com`, `*.example.com`), an
 * address, a network (`10.0.0.0/8`, `fd00::/8`), a pattern (`127.*`), each with a port or without; `*` is everything.
 */
function isExcepted(url: URL, list: string): boolean {
  const host = (addressOf(url.hostname) ?? url.hostname).toLowerCase().replace(/\.$/, "")
  const port = url.port === "" ? (standardPorts[url.protocol] ?? "") : url.port
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map((entry) => partsOf(entry.toLowerCase()))
    .some((entry) => (entry.port === null || entry.port === port) && isNamed(host, entry.host))
}

/** `host:port`, where a bare IPv6 address has colons of its own. */
function partsOf(entry: string): { readonly host: string; readonly port: string | null } {
  const [, bracketed, after] = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry) ?? []
  if (bracketed !== undefined) return { host: bracketed, port: after ?? null }
  const [, host, port] = /^([^:]*):(\d+)$/.exec(entry) ?? []
  return { host: host ?? entry, port: port ?? null }
}

function isNamed(host: string, entry: string): boolean {
  if (entry === "*") return true
  const [network = "", bits] = entry.split("/")
  if (bits !== undefined) return isWithin(host, network, bits)
  if (isIP(entry) !== 0) return isWithin(host, entry, isIP(entry) === 4 ? "32" : "128")
  const name = entry.replace(/^\*?\./, "").replace(/\.$/, "")
  if (name.includes("*")) return matches(host, name)
  return name !== "" && (host === name || host.endsWith(`.${name}`))
}

function isWithin(host: string, network: string, bits: string): boolean {
  const family = isIP(network)
  if (family === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6")
  return list.check(host, isIP(host) === 4 ? "ipv4" : "ipv6")
}

/** `*` stands for anything; piece by piece, so that no pattern takes long. */
function matches(host: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*")
  const last = rest.pop() ?? ""
  if (!host.startsWith(first) || !host.endsWith(last) || host.length < first.length + last.length) return false
  let at = first.length
  for (const piece of rest) {
    const found = host.indexOf(piece, at)
    if (found === -1 || found + piece.length > host.length - last.length) return false
    at = found + piece.length
  }
  return true
}
