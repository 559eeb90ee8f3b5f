/** An image as people write it, with everything that Docker adds by itself. */
export interface ImageReference {
  /** The registry as it stands in image names: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly host: string
  /** Path below the host: `library/python`. */
  readonly repository: string
  /** A tag or a digest: what the registry is asked for. */
  readonly version: string
  readonly isDigest: boolean
}

const hub = "docker.io"
/** Docker takes 255 for the name and 128 for the tag; the rest is for a digest. */
const charsMax = 600
const nameCharsMax = 255
const hostRule = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::\d{1,5})?$/
const partRule = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/
const tagRule = /^\w[\w.-]{0,127}$/
const digestRule = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/**
 * Reads an image's name as Docker does (distribution/reference): without a registry it is Docker Hub, there without a
 * folder it is `library/`, without a tag it is `latest`, and a digest goes before a tag. null = Docker would refuse it.
 */
export function parseReference(text: string): ImageReference | null {
  if (text.length > charsMax) return null
  const [named = "", ...digests] = text.split("@")
  const { host, rest } = splitHost(named)
  const [repository = "", ...tags] = rest.split(":")
  const isNamed = hostRule.test(host) && repository.split("/").every((part) => partRule.test(part))
  if (!isNamed || host.length + repository.length > nameCharsMax) return null
  if (!isOne(tags, tagRule) || !isOne(digests, digestRule)) return null
  const [digest, tag = "latest"] = [digests[0], tags[0]]
  return { host, repository, version: digest ?? tag, isDigest: digest !== undefined }
}

/** None, or one that fits. */
function isOne(texts: readonly string[], rule: RegExp): boolean {
  return texts.length <= 1 && texts.every((text) => rule.test(text))
}

/** What stands before the first slash is a host only when it looks like one. */
function splitHost(named: string): { readonly host: string; readonly rest: string } {
  const slash = named.indexOf("/")
  const first = named.slice(0, Math.max(0, slash))
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase()
  const host = isHost ? first.toLowerCase() : hub
  const rest = isHost ? named.slice(slash + 1) : named
  if (host !== hub && host !== `index.${hub}`) return { host, rest }
  return { host: hub, rest: rest.includes("/") ? rest : `library/${rest}` }
}
