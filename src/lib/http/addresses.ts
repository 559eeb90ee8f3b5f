import { lookup, type LookupAddress, type LookupOptions } from "node:dns"
import { BlockList, isIP } from "node:net"

/**
 * Which addresses the whole internet reaches: what a repository or a registry names may be asked for only there, because
 * a name may be given any address, also that of a machine which only we reach.
 */

/** Of the special-purpose registries of IANA what isn't globally reachable, multicast, and what hides another address. */
const closed = new BlockList()
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  closed.addSubnet(network, bits, "ipv4")
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  closed.addSubnet(network, bits, "ipv6")

const global = new BlockList()
global.addSubnet("2000::", 3, "ipv6")
/** An IPv4 address in other words: mapped into IPv6, or on its way through a translator (RFC 6052). */
const translated = new BlockList()
translated.addSubnet("::ffff:0:0", 96, "ipv6")
translated.addSubnet("64:ff9b::", 96, "ipv6")

/** Whether everybody can reach an address; false for what is none. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !closed.check(address, "ipv4")
  if (family !== 6 || address.includes("%")) return false
  if (translated.check(address, "ipv6")) return isPublicAddress(lastFour(address))
  return global.check(address, "ipv6") && !closed.check(address, "ipv6")
}

/** A host of a URL as an address without brackets; null when it is a name. */
export function addressOf(host: string): string | null {
  const bare = host.replace(/^\[(.*)\]$/, "$1")
  return isIP(bare) === 0 ? null : bare
}

/** The last 32 bits of an IPv6 address as IPv4, as a URL's parser writes them out. */
function lastFour(address: string): string {
  const { hostname } = new URL(`http://[${address}]`)
  const [low = "0", high = "0"] = hostname.slice(1, -1).split(":").toReversed()
  const [a, b] = [high, low].map((group) => Number.parseInt(group || "0", 16)) as [number, number]
  return [a >> 8, a & 255, b >> 8, b & 255].join(".")
}

class ClosedAddressError extends Error {
  override readonly name = "ClosedAddressError"
  readonly code = "CLOSED_ADDRESS"
}

type Answered = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/** A `lookup` for `net.connect` that refuses a name as soon as one of its addresses isn't everybody's. */
export function publicLookup(host: string, options: LookupOptions, answered: Answered): void {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return answered(error, [])
    if (found.length === 0 || found.some(({ address }) => !isPublicAddress(address)))
      return answered(new ClosedAddressError(`${host} is at an address that isn't public`), [])
    const [first] = found
    if (options.all || !first) return answered(null, found)
    answered(null, first.address, first.family)
  })
}
